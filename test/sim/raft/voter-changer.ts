/**
 * The operator of a simulated quorum: adds, removes and replaces voters, one at a time, as far as the fault budget
 * of the scenario bears it.
 */
import type { VoterDescription } from '../../../src/quorum/quorum-description.ts';
import type { VoterChange } from '../../../src/raft/raft-event.ts';
import type { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import type { VoterUnderTest } from './voter-under-test.ts';

export interface ChangeBudget {
  readonly all: readonly VoterUnderTest[];
  readonly founders: number;
  /**
   * Voters whose disks are whole are removed as well. Whoever asks may know an older set than the leader, so two such
   * removals can leave two voters, and the set cannot bear a lost disk then.
   */
  readonly removesWhole: boolean;
  readonly random: SimulatedRandom;
}

/** Undefined when there is nothing sensible to change. */
export function drawVoterChange(
  asked: VoterUnderTest,
  { all, founders, removesWhole, random }: ChangeBudget,
): VoterChange | undefined {
  const members = asked.description?.voters ?? [];
  const replaced = members.find((member) => isReplaced(member, all));
  if (replaced !== undefined) return removalOf(replaced);
  if (members.length > founders) return removesWhole ? removalOf(random.pick(members)) : undefined;
  const candidates = all.filter(({ id, description }) => {
    return description?.clusterId !== undefined && members.every(({ voterId }) => voterId !== id);
  });
  return members.length === 0 || candidates.length === 0 ? undefined : additionOf(random.pick(candidates));
}

/** Its disk was wiped: the number is a member's, the directory is not. */
function isReplaced({ voterId, directoryId }: VoterDescription, all: readonly VoterUnderTest[]): boolean {
  const life = all.find(({ id }) => id === voterId)?.life;
  return life !== undefined && life.voter.directoryId !== directoryId;
}

function removalOf({ voterId, directoryId }: VoterDescription): VoterChange | undefined {
  return directoryId === undefined ? undefined : { type: 'remove', voterId, directoryId };
}

function additionOf({ id, life, peerEndpoint, process }: VoterUnderTest): VoterChange | undefined {
  if (life === undefined) return undefined;
  const { directoryId } = life.voter;
  return { type: 'add', voter: { voterId: id, directoryId, peerEndpoint, apiEndpoint: `${process.name}:7081` } };
}
