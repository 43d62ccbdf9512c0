/**
 * A planted bug: one replacement in one source file, applied to a copy of the tree. The sources hold no switches,
 * so the shipped build cannot contain a bug of the catalogue, and no test can look for one.
 */

export interface Mutant {
  /** Stable name, such as X07; the catalogues say where each comes from. */
  readonly id: string;
  /** What goes wrong, in one sentence. */
  readonly bug: string;
  /** Path below the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file; a test holds the catalogues to that. */
  readonly find: string;
  readonly replace: string;
  /** Ordinary test files or folders that may kill it, tried first. Empty: only simulation. */
  readonly tests: readonly string[];
  /** A scenario of the simulator that may kill it when the tests did not. */
  readonly scenario?: string;
  /** Why the killer's output proves that the promise broke: matched against it. */
  readonly breaks: RegExp;
}

/** The text with the bug in it, or what is wrong with the mutant. */
export function plant(mutant: Mutant, source: string): { readonly text: string } | { readonly problem: string } {
  const parts = source.split(mutant.find);
  if (parts.length !== 2)
    return { problem: `${mutant.id}: ${parts.length - 1} places in ${mutant.file} match, not one` };
  if (mutant.find === mutant.replace) return { problem: `${mutant.id}: the replacement changes nothing` };
  return { text: parts.join(mutant.replace) };
}
