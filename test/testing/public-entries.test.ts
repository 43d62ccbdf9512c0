/**
 * Every entry of the package's export map leads to something that can be imported.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as client from '../../src/index.ts';
import * as testing from '../../src/testing/index.ts';

test('the export map names the entries that the sources have', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, object> };
  expect(exports).toEqual({
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './testing': { types: './dist/testing/index.d.ts', default: './dist/testing/index.js' },
  });
});

test('the public entries hand out the table of errors and the simulator', async () => {
  expect(client.errorCodes['not-controller'].code).toBe(41);
  const simulation = new testing.Simulation({ seed: 1 });
  expect(await simulation.run({ untilMs: 10 })).toBe('nothing-left-to-do');
});
