import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { directoryId, voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { odradek } from '../../src/wire/generated/messages.js';
import { leaderAnswerCodec, leaderCallCodec } from '../../src/wire/raft-leader-codec.ts';
import { entryPayloadCodec, foundingSetCodec, snapshotMetadataCodec } from '../../src/wire/raft-log-codec.ts';
import {
  bootstrapAnswerCodec,
  bootstrapQuestionCodec,
  peerReplyCodec,
  peerSayingCodec,
} from '../../src/wire/raft-peer-codec.ts';
import { comesBack } from './comes-back.ts';
import * as values from './raft-values.ts';

const wire = odradek.internal.v1;

const { record, constant, oneof } = fc;
comesBack('entry payloads', entryPayloadCodec, values.payloads);
comesBack('snapshot descriptions', snapshotMetadataCodec, values.snapshots);
comesBack('founding sets', foundingSetCodec, values.foundingSets);
comesBack('answers of acceptors', peerReplyCodec, fc.option(values.raftMessages, { nil: undefined }));
comesBack(
  'sayings of openers',
  peerSayingCodec,
  oneof(
    values.raftMessages.map((message) => ({ type: 'raft' as const, message })),
    record({
      type: constant('hello' as const),
      hello: record({
        clusterId: values.clusterIds,
        from: values.voterIds,
        fromDirectory: values.directoryIds,
        to: values.voterIds,
        toDirectory: values.directoryIds,
      }),
    }),
  ),
);
comesBack(
  'bootstrap questions',
  bootstrapQuestionCodec,
  record({ voterId: values.voterIds, directoryId: values.directoryIds, listed: fc.array(values.voterIds) }),
);
comesBack('bootstrap answers', bootstrapAnswerCodec, values.bootstrapAnswers);
comesBack('calls for the leader', leaderCallCodec, record({ clusterId: values.clusterIds, call: values.leaderCalls }));
comesBack('answers of the leader', leaderAnswerCodec, values.leaderAnswers);

test('an append request whose entries are not contiguous does not reach the core', () => {
  const entry = (index: number): object => ({ index, term: 1, payload: { noOp: {} } });
  const request = (indexes: readonly number[]): Uint8Array =>
    wire.ConverseRequest.encode({
      raft: { term: 1, appendRequest: { previous: { index: 4, term: 1 }, entries: indexes.map(entry) } },
    }).finish();
  expect(peerSayingCodec.decode(request([5, 6])).ok).toBe(true);
  expect(peerSayingCodec.decode(request([5, 7])).ok).toBe(false);
  expect(peerSayingCodec.decode(request([4])).ok).toBe(false);
});

test('numbers beyond 2^53-1 are refused and not rounded', () => {
  const oversize = wire.ConverseResponse.encode({ raft: { term: 2 ** 60, timeoutNow: {} } }).finish();
  expect(peerReplyCodec.decode(oversize).ok).toBe(false);
});

test('a voter that nobody could reach is not added', () => {
  const voter = { voterId: voterId(4), directoryId: directoryId('a'.repeat(32)), peerEndpoint: '', apiEndpoint: '' };
  const call = wire.AskLeaderRequest.encode({ clusterId: 'b'.repeat(32), changeVoters: { add: voter } }).finish();
  expect(leaderCallCodec.decode(call).ok).toBe(false);
});

test('the bytes of an entry are fixed, because the committed chain is computed over them', () => {
  const payload = entryPayloadCodec.encode({ type: 'command', bytes: Uint8Array.of(1, 2, 3) });
  expect(Array.from(payload)).toEqual([0x12, 3, 1, 2, 3]);
  expect(Array.from(entryPayloadCodec.encode({ type: 'no-op' }))).toEqual([0x0a, 0]);
  const entry = { index: logIndex(5), term: term(2), payload: { noOp: {} } };
  expect(Array.from(wire.RaftEntry.encode(entry).finish())).toEqual([0x08, 5, 0x10, 2, 0x1a, 2, 0x0a, 0]);
});
