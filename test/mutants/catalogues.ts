/**
 * Every catalogue of planted bugs, in one list.
 */
import type { Mutant } from './mutant.ts';

export const catalogues: readonly Mutant[] = [];
