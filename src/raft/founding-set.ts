/**
 * The first voter set of a cluster, fixed for ever: who founded it, on which directories.
 *
 * Its hash is the cluster id, so that two sets cannot pass for one cluster, and whoever hears of a set can check
 * it. Later changes of voters are entries of the Raft log on top of it (index 0 is the founding set).
 * How voters come to hold the same one: raft-bootstrap.ts.
 */
import { assert } from '../base/assert.ts';
import { clusterId, type ClusterId, type VoterId } from '../base/ids.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { Voter } from './raft-entry.ts';

export interface FoundingSet {
  readonly clusterId: ClusterId;
  /** Sorted by voter id, no id twice, at least one. */
  readonly voters: readonly Voter[];
}

export interface UnsoundFoundingSet {
  readonly type: 'unsound-founding-set';
  readonly why: string;
}

/** More voters make every commit slower and no cluster safer. */
export const foundingVotersMax = 9;

export function foundingSet(voters: readonly Voter[]): FoundingSet {
  const sorted = voters.toSorted((left, right) => left.voterId - right.voterId);
  const problem = findUnsoundness(sorted);
  assert(problem === undefined, 'a cluster is founded on a sound voter set', () => ({ problem, voters }));
  return { clusterId: clusterIdOf(sorted), voters: sorted };
}

/** For sets from a wire or a disk: order and hash must be what this file would have made. */
export function checkFoundingSet(set: FoundingSet): Result<FoundingSet, UnsoundFoundingSet> {
  const why = findUnsoundness(set.voters);
  if (why !== undefined) return refused({ type: 'unsound-founding-set', why });
  if (clusterIdOf(set.voters) !== set.clusterId)
    return refused({ type: 'unsound-founding-set', why: 'the cluster id is not the hash of its voters' });
  return ok(set);
}

export function findFoundingVoter(set: FoundingSet, voter: VoterId): Voter | undefined {
  return set.voters.find((each) => each.voterId === voter);
}

function findUnsoundness(voters: readonly Voter[]): string | undefined {
  if (voters.length === 0) return 'it has no voter';
  if (voters.length > foundingVotersMax) return `it has more than ${foundingVotersMax} voters`;
  const directories = new Set(voters.map((voter) => voter.directoryId));
  if (directories.size !== voters.length) return 'it names a directory twice';
  for (let at = 1; at < voters.length; at += 1) {
    const [before, here] = [voters[at - 1], voters[at]];
    if (before === undefined || here === undefined || before.voterId >= here.voterId)
      return 'its voters are not in ascending order of id';
  }
  return undefined;
}

const offsetBasis = 0x6c62272e07bb014262b821756295c58dn;
const prime = 0x0000000001000000000000000000013bn;
const mask = (1n << 128n) - 1n;

/**
 * FNV-1a of 128 bits. It need not resist an attacker, only accidents: the directory ids that go in are random,
 * and whoever can answer as a voter is trusted anyway.
 */
function clusterIdOf(voters: readonly Voter[]): ClusterId {
  const text = voters
    .map((voter) => [voter.voterId, voter.directoryId, voter.peerEndpoint, voter.apiEndpoint].join(' '))
    .join('\n');
  let hash = offsetBasis;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    hash = ((hash ^ BigInt(unit & 0xff)) * prime) & mask;
    hash = ((hash ^ BigInt(unit >> 8)) * prime) & mask;
  }
  return clusterId(hash.toString(16).padStart(32, '0'));
}
