/**
 * Makes the `odradek` command: one file per group of commands instead of some four hundred modules, most of which Node.js
 * would find, read and compile one by one. That is more than half of the time until a node answers.
 *
 *   node src/bundle.mjs FOLDER     writes FOLDER/main.js and what it loads later
 *
 * Native code stays in its packages: it is found beside their files.
 */
import { rmSync } from 'node:fs';
import { build } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = dirname(fileURLToPath(import.meta.url));

const levelBinding = {
  name: 'level-binding',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/binding$/ }, ({ importer }) =>
      importer.includes('classic-level') ? { path: 'classic-level/binding.js', external: true } : undefined,
    );
  },
};

/** grpc-js uses it for two services that a node does not have; it is large, and so loaded when it is called. */
const lateProtoLoader = {
  name: 'late-proto-loader',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^@grpc\/proto-loader$/ }, ({ path, namespace }) =>
      namespace === 'late' ? { path, external: true } : { path, namespace: 'late' },
    );
    onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => ({
      contents: `exports.loadSync = (...words) => require(${JSON.stringify(path)}).loadSync(...words);`,
      resolveDir: source,
    }));
  },
};

const outdir = process.argv[2];
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: [join(source, 'main.ts')],
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['@node-rs/crc32'],
  plugins: [levelBinding, lateProtoLoader],
  // Packages of the older module format call require.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
  },
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  legalComments: 'none',
  logLevel: 'warning',
});
