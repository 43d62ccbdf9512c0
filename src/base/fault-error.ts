/**
 * A fault of the world that the code which meets it cannot mend: a disk that fails, a store that does not open.
 *
 * Thrown, never returned: the owner of whatever it hit (a partition, a process) stops. For refusals that a
 * caller is expected to branch on see result.ts, for bugs see assert.ts.
 */
import type { Facts } from './assert.ts';

export class FaultError extends Error {
  override readonly name = 'FaultError';
  readonly facts: Facts;

  constructor(what: string, facts: Facts, cause?: unknown) {
    super(what, { cause });
    this.facts = facts;
  }
}
