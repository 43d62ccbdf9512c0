/**
 * What the raft store says when its bytes are not what was written.
 *
 * Damage is a fault of the disk, so nothing here mends it by guessing: a voter that answered from a shorter or a
 * wrong log could vote twice or deny what it had acknowledged. It refuses, and says what a person does next.
 */
import type { Facts } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import { refused } from '../base/result.ts';

export interface RaftDamage {
  readonly type: 'damaged';
  /** What is wrong, as one sentence without values. */
  readonly what: string;
  readonly facts: Facts;
  /** What to do about it. */
  readonly remedy: string;
}

const remedy =
  'Do not start a voter from this directory again. Remove the voter from the quorum, move the directory away, and ' +
  'add the voter again with an empty directory: it gets a new directory id and the other voters send it everything. ' +
  'Where it is the only voter, put back a copy of the whole directory instead.';

export function raftDamage(what: string, facts: Facts = {}): RaftDamage {
  return { type: 'damaged', what, facts, remedy };
}

export function refusedAsDamaged(what: string, facts: Facts = {}): ReturnType<typeof refused<RaftDamage>> {
  return refused(raftDamage(what, facts));
}

/** Damage met while the store is in use, where only giving up is left. */
export class RaftDamageError extends FaultError {
  readonly damage: RaftDamage;

  constructor(damage: RaftDamage) {
    super(`the raft store is damaged: ${damage.what}`, { ...damage.facts, remedy: damage.remedy });
    this.damage = damage;
  }
}
