/**
 * Every catalogue of planted bugs, in one list.
 */
import { driveMutants } from './drive-mutants.ts';
import type { Mutant } from './mutant.ts';

export const catalogues: readonly Mutant[] = [...driveMutants];
