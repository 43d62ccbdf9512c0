/**
 * Arbitrary values of everything that voters say, for properties over codecs.
 */
import * as fc from 'fast-check';
import { clusterId, directoryId, voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import type { BootstrapAnswer } from '../../src/raft/bootstrap-messages.ts';
import { foundingSet } from '../../src/raft/founding-set.ts';
import type { LeaderAnswer, LeaderCall, LeaderRefusal } from '../../src/raft/leader-call.ts';
import type { Entry, EntryPayload, SnapshotMetadata, Voter } from '../../src/raft/raft-entry.ts';
import type { RaftMessage } from '../../src/raft/raft-message.ts';

const positions = fc.maxSafeNat();
const hexIds = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const terms = positions.map(term);
const indexes = positions.map(logIndex);
export const voterIds = fc.integer({ min: 1, max: 2 ** 31 - 1 }).map(voterId);
export const directoryIds = hexIds.map(directoryId);
export const clusterIds = hexIds.map(clusterId);
const bytes = fc.uint8Array({ maxLength: 40 });
const text = fc.string({ maxLength: 20 });
const endpoints = fc.string({ minLength: 1, maxLength: 20 });

export const voters: fc.Arbitrary<Voter> = fc.record({
  voterId: voterIds,
  directoryId: directoryIds,
  peerEndpoint: endpoints,
  apiEndpoint: text,
});
const voterSets = fc.array(voters, { maxLength: 5 });

export const payloads: fc.Arbitrary<EntryPayload> = fc.oneof(
  fc.constant({ type: 'no-op' as const }),
  bytes.map((command) => ({ type: 'command' as const, bytes: command })),
  voterSets.map((set) => ({ type: 'voters' as const, voters: set })),
);

const logPositions = fc.record({ index: indexes, term: terms });

export const snapshots: fc.Arbitrary<SnapshotMetadata> = fc.record({
  lastIndex: indexes,
  lastTerm: terms,
  voters: voterSets,
  committedChain: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

/** A run of entries after a position. */
const runs = fc
  .record({
    index: fc.integer({ min: 0, max: 2 ** 52 }),
    term: terms,
    payloads: fc.array(fc.record({ term: terms, payload: payloads }), { maxLength: 4 }),
  })
  .map((run) => ({
    previous: { index: logIndex(run.index), term: run.term },
    entries: run.payloads.map((entry, at): Entry => ({ index: logIndex(run.index + 1 + at), ...entry })),
  }));

export const raftMessages: fc.Arbitrary<RaftMessage> = fc.oneof(
  fc.record({ type: fc.constant('pre-vote-request' as const), term: terms, last: logPositions }),
  fc.record({ type: fc.constant('pre-vote-reply' as const), term: terms, requestTerm: terms, granted: fc.boolean() }),
  fc.record({ type: fc.constant('vote-request' as const), term: terms, last: logPositions, isTransfer: fc.boolean() }),
  fc.record({ type: fc.constant('vote-reply' as const), term: terms, granted: fc.boolean() }),
  fc
    .record({ term: terms, run: runs, commitIndex: indexes, round: positions })
    .map(({ run, ...rest }) => ({ type: 'append-request' as const, ...rest, ...run })),
  fc.record({ type: fc.constant('append-reply' as const), term: terms, round: positions, matchedIndex: indexes }),
  fc.record({
    type: fc.constant('append-rejection' as const),
    term: terms,
    round: positions,
    rejectedIndex: indexes,
    hint: logPositions,
  }),
  fc.record({
    type: fc.constant('snapshot-chunk-request' as const),
    term: terms,
    round: positions,
    snapshot: snapshots,
    offset: positions,
    bytes,
    isLast: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('snapshot-chunk-reply' as const),
    term: terms,
    round: positions,
    snapshotIndex: indexes,
    nextOffset: positions,
  }),
  fc.record({ type: fc.constant('timeout-now' as const), term: terms }),
);

export const foundingSets = fc
  .uniqueArray(voters, { minLength: 1, maxLength: 5, selector: (voter) => voter.voterId })
  .map((set) => foundingSet(set.map((voter, at) => ({ ...voter, directoryId: directoryId(String(at).repeat(32)) }))));

export const bootstrapAnswers: fc.Arbitrary<BootstrapAnswer> = fc.oneof(
  fc.record({ type: fc.constant('fresh' as const), directoryId: directoryIds, apiEndpoint: text }),
  foundingSets.map((founding) => ({ type: 'member' as const, founding })),
  fc.constant({ type: 'wait' as const }),
  fc.record({ type: fc.constant('lists-differ' as const), listed: fc.array(voterIds) }),
);

export const leaderCalls: fc.Arbitrary<LeaderCall> = fc.oneof(
  bytes.map((request) => ({ type: 'control' as const, request })),
  fc.constant({ type: 'read-index' as const }),
  voters.map((voter) => ({ type: 'change-voters' as const, change: { type: 'add' as const, voter } })),
  voters.map((voter) => ({ type: 'change-voters' as const, change: { type: 'update' as const, voter } })),
  fc
    .record({ type: fc.constant('remove' as const), voterId: voterIds, directoryId: directoryIds })
    .map((change) => ({ type: 'change-voters' as const, change })),
  fc.record({ type: fc.constant('transfer' as const), target: fc.option(voterIds, { nil: undefined }) }),
);

const anyVoter = fc.option(voterIds, { nil: undefined });

export const refusals: fc.Arbitrary<LeaderRefusal> = fc.oneof(
  fc.record({ type: fc.constant('not-leader' as const), leader: anyVoter }),
  fc.record({ type: fc.constant('transfer-timed-out' as const), target: anyVoter }),
  fc.record({ type: fc.constant('transfer-in-progress' as const), target: voterIds }),
  fc.record({ type: fc.constant('limit-reached' as const), limit: text }),
  fc.record({ type: fc.constant('command-too-large' as const), bytesMax: positions }),
  fc
    .constantFrom(
      'term-not-committed' as const,
      'change-in-progress' as const,
      'already-a-voter' as const,
      'not-a-voter' as const,
      'last-voter' as const,
      'catch-up-timed-out' as const,
      'not-serving' as const,
    )
    .map((type) => ({ type })),
);

export const leaderAnswers: fc.Arbitrary<LeaderAnswer> = fc.oneof(
  fc.record({ type: fc.constant('done' as const), index: indexes, reply: bytes }),
  refusals.map((problem) => ({ type: 'refused' as const, problem })),
  fc.constant({ type: 'outcome-unknown' as const }),
);
