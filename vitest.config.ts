/**
 * Ordinary run: every *.test.ts below test/. Long campaigns (simulation seeds, benchmarks, mutants) are
 * programs of their own below test/, started by make, so that `npm test` stays short.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    dangerouslyIgnoreUnhandledErrors: false,
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      exclude: ['src/wire/generated/**'],
      reportsDirectory: 'build/coverage',
    },
  },
});
