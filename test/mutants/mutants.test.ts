/**
 * Holds the catalogues to the sources, so that a mutant cannot rot unseen.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogues } from './catalogues.ts';
import { plant, type Mutant } from './mutant.ts';
import { repositoryRoot } from './workshop.ts';

const example: Mutant = {
  id: 'E1',
  bug: 'an example',
  file: 'a.ts',
  find: 'x < y',
  replace: 'x <= y',
  tests: ['test'],
  breaks: /R1/,
};

describe('the catalogues of planted bugs', () => {
  test('fit the sources in exactly one place each', () => {
    const problems = catalogues.flatMap((mutant) => {
      const planted = plant(mutant, readFileSync(join(repositoryRoot, mutant.file), 'utf8'));
      return 'problem' in planted ? [planted.problem] : [];
    });
    expect(problems).toEqual([]);
  });

  test('name every mutant once and give each somebody who may kill it', () => {
    const ids = catalogues.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(catalogues.filter(({ tests, scenario }) => tests.length === 0 && scenario === undefined)).toEqual([]);
  });

  test('plant refuses a text that stands nowhere or twice', () => {
    expect(plant(example, 'if (x < y) return;')).toEqual({ text: 'if (x <= y) return;' });
    expect(plant(example, 'if (x > y) return;')).toHaveProperty('problem');
    expect(plant(example, 'if (x < y && x < y) return;')).toHaveProperty('problem');
    expect(plant({ ...example, replace: example.find }, 'x < y')).toHaveProperty('problem');
  });
});
