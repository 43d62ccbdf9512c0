import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorCodes, type ErrorName } from '../../src/base/error-codes.ts';
import { topicId } from '../../src/base/ids.ts';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import * as codecs from '../../src/wire/produce-fetch-messages.ts';
import type { FetchCall, FetchedReply, PartReply, ProduceCall } from '../../src/wire/produce-fetch-values.ts';
import { brokerIds, clusterTopicIds, maybe } from './admin-values.ts';
import { comesBack } from './comes-back.ts';

const { record, constantFrom, maxSafeNat, nat, uint8Array } = fc;

const offsets = maxSafeNat().map(offset);
const epochs = nat(2 ** 31 - 1).map(leaderEpoch);
const numbers = nat(2 ** 31 - 1);
const positive = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const batches = uint8Array({ maxLength: 30 });
const places = { topicId: clusterTopicIds, partition: numbers };
const led = { ...places, leaderEpoch: maybe(epochs) };

/** Each partition once, as a call has them. */
function eachOnce<Value extends { readonly topicId: string; readonly partition: number }>(
  values: fc.Arbitrary<Value>,
): fc.Arbitrary<Value[]> {
  const selector = (value: Value): string => `${value.topicId}-${value.partition}`;
  return fc.uniqueArray(values, { minLength: 1, maxLength: 4, selector });
}

const problems = record({
  error: constantFrom(...(Object.keys(errorCodes) as ErrorName[])),
  message: fc.string({ maxLength: 10 }),
  leader: maybe(record({ brokerId: maybe(brokerIds), leaderEpoch: epochs, endpoint: fc.string({ maxLength: 10 }) })),
});

/** With a problem the values are there as well, as a later release may send them. */
function partsOf<Value extends object>(values: fc.Arbitrary<Value>): fc.Arbitrary<PartReply<Value>[]> {
  const problem = maybe(problems);
  return fc.array(
    fc.tuple(record(places), problem, values).map(([place, found, value]) => {
      return { ...place, ...value, problem: found };
    }),
    { maxLength: 3 },
  );
}

const produceCalls: fc.Arbitrary<ProduceCall> = record({
  acks: constantFrom('all', 'leader', 'none'),
  timeoutMs: maybe(positive),
  partitions: eachOnce(record({ ...led, ownedBatch: batches })),
});

const asked = { ...led, from: offsets, bytesMax: maybe(positive) };

const fetchCalls: fc.Arbitrary<FetchCall> = record({
  maxWaitMs: numbers,
  bytesMin: numbers,
  bytesMax: maybe(positive),
  mayFollow: fc.boolean(),
  partitions: eachOnce(record(asked)),
});

const fetched: fc.Arbitrary<FetchedReply> = record({
  ownedBatches: batches,
  next: offsets,
  watermark: maybe(offsets),
  lastStable: maybe(offsets),
  logStart: offsets,
  leaderEpoch: epochs,
  nearest: maybe(record({ brokerId: brokerIds, endpoint: fc.string({ maxLength: 10 }) })),
});

const produced = partsOf(record({ baseOffset: maybe(offsets), logStart: offsets }));

comesBack('produce calls', codecs.produceCallCodec, produceCalls);
comesBack('produce replies', codecs.produceReplyCodec, produced);
comesBack(
  'produce calls on a stream',
  codecs.produceStreamCallCodec,
  fc.tuple(maxSafeNat(), produceCalls).map(([number, call]) => ({ number, ...call })),
);
comesBack(
  'produce replies on a stream',
  codecs.produceStreamReplyCodec,
  record({ number: maxSafeNat(), results: produced }),
);
comesBack('fetch calls', codecs.fetchCallCodec, fetchCalls);
comesBack('fetch replies', codecs.fetchReplyCodec, partsOf(fetched));
comesBack(
  'subscriptions',
  codecs.fetchStreamCallCodec,
  record({
    subscribe: fc.array(record({ ...asked, subscription: maxSafeNat(), mayFollow: fc.boolean() }), { maxLength: 3 }),
    unsubscribe: fc.array(record(places), { maxLength: 3 }),
  }),
);
comesBack(
  'what is read for a subscription',
  codecs.fetchStreamReplyCodec,
  fc.tuple(maxSafeNat(), partsOf(fetched)).map(([subscription, parts]) => {
    const [result = { topicId: topicId('a'.repeat(32)), partition: 0, ...emptyFetch }] = parts;
    return { subscription, result };
  }),
);
comesBack(
  'questions for offsets',
  codecs.listOffsetsCallCodec,
  record({
    partitions: eachOnce(
      record({
        ...led,
        wanted: fc.oneof(
          record({ type: constantFrom('earliest' as const, 'latest' as const) }),
          record({ type: fc.constant('at-time' as const), timestampMs: maxSafeNat() }),
        ),
      }),
    ),
  }),
);
comesBack(
  'offsets that were found',
  codecs.listOffsetsReplyCodec,
  partsOf(record({ offset: maybe(offsets), timestampMs: maybe(maxSafeNat()), leaderEpoch: epochs })),
);
comesBack(
  'producer ids',
  codecs.initProducerReplyCodec,
  record({ producerId: maxSafeNat(), producerEpoch: nat(32_767) }),
);

const emptyFetch = {
  problem: undefined,
  ownedBatches: new Uint8Array(0),
  next: offset(0),
  watermark: undefined,
  lastStable: undefined,
  logStart: offset(0),
  leaderEpoch: leaderEpoch(0),
  nearest: undefined,
};

test('a call that names a partition twice is refused', () => {
  const place = {
    topicId: topicId('b'.repeat(32)),
    partition: 1,
    leaderEpoch: undefined,
    ownedBatch: Uint8Array.of(1),
  };
  const call: ProduceCall = { acks: 'all', timeoutMs: undefined, partitions: [place, place] };
  expect(codecs.produceCallCodec.decode(codecs.produceCallCodec.encode(call))).toMatchObject({
    ok: false,
    problem: { field: 'partitions' },
  });
});
