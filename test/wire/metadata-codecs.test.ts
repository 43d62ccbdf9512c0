import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { term } from '../../src/base/raft-position.ts';
import {
  controlCallCodec,
  controlReplyCodec,
  currentRevisionReplyCodec,
  decideReplyCodec,
  decideRequestCodec,
  followReplyCodec,
  followRequestCodec,
  heartbeatReplyCodec,
  heartbeatRequestCodec,
} from '../../src/wire/control-codec.ts';
import { odradek } from '../../src/wire/generated/messages.js';
import { metadataBatchCodec, metadataSnapshotCodec } from '../../src/wire/metadata-log-codec.ts';
import { comesBack } from './comes-back.ts';
import * as values from './metadata-values.ts';
import { payloads, refusals } from './raft-values.ts';

const { record, constant, oneof, array, option } = fc;
const requests = record({ requestId: fc.string(), command: values.commands });
const decided = record({
  type: constant('decided' as const),
  outcome: oneof(
    record({ type: constant('done' as const), answer: values.answers }),
    record({ type: constant('refused' as const), problem: values.metadataRefusals }),
  ),
  revision: values.revisions,
});
const entries = record({ index: values.revisions, term: fc.maxSafeNat().map(term), payload: payloads });
const heard = record({ type: constant('heard' as const), state: values.states, revision: values.revisions });

comesBack(
  'batches',
  metadataBatchCodec,
  record({
    number: fc.maxSafeNat(),
    request: option(values.answered, { nil: undefined }),
    records: array(values.records, { maxLength: 4 }),
  }),
);
comesBack(
  'snapshots',
  metadataSnapshotCodec,
  record({
    revision: values.revisions,
    batchCount: fc.maxSafeNat(),
    records: array(values.records, { maxLength: 4 }),
    requests: array(
      fc.tuple(values.answered, values.revisions).map(([answered, index]) => ({ ...answered, index })),
      { maxLength: 2 },
    ),
  }),
);
comesBack('requests', decideRequestCodec, requests);
comesBack(
  'decisions',
  decideReplyCodec,
  oneof(
    decided,
    record({ type: constant('not-served' as const), problem: refusals }),
    constant({ type: 'outcome-unknown' as const }),
  ),
);
comesBack(
  'calls for the controller',
  controlCallCodec,
  oneof(
    record({ type: constant('request' as const), request: requests }),
    record({ type: constant('heartbeat' as const), heartbeat: values.heartbeats }),
  ),
);
comesBack('answers of the controller', controlReplyCodec, oneof(decided, heard));
comesBack('heartbeats', heartbeatRequestCodec, values.heartbeats);
comesBack('answers to heartbeats', heartbeatReplyCodec, heard);
comesBack('revisions', currentRevisionReplyCodec, values.revisions);
comesBack(
  'the first words of a follower',
  followRequestCodec,
  record({ clusterId: values.clusterIds, revision: values.revisions }),
);
comesBack(
  'what a follower is sent',
  followReplyCodec,
  oneof(
    constant({ type: 'alive' as const }),
    record({ type: constant('entries' as const), entries: array(entries, { minLength: 1, maxLength: 3 }) }),
    record({
      type: constant('snapshot-piece' as const),
      piece: fc.uint8Array({ minLength: 1, maxLength: 20 }),
      isLast: fc.boolean(),
    }),
  ),
);

test('a record of a newer release is not read as something else', () => {
  const { MetadataBatch } = odradek.internal.v1;
  const batch = MetadataBatch.encode({ number: 1, records: [{}] }).finish();
  expect(metadataBatchCodec.decode(batch)).toMatchObject({ ok: false, problem: { type: 'undecodable' } });
});
