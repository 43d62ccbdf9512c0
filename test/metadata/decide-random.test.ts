import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { brokerId } from '../../src/base/ids.ts';
import type { MetadataCommand } from '../../src/metadata/metadata-command.ts';
import { imageOf, snapshotOf } from '../../src/metadata/metadata-snapshot.ts';
import { createTopic, DecideStage, deleteTopic, registerBroker, updateTopic } from './decide-fixture.ts';

type Act = (stage: DecideStage) => void;

const name = fc.constantFrom('a', 'b', 'c');
const broker = fc.integer({ min: 1, max: 4 });
const act: fc.Arbitrary<Act> = fc.oneof(
  asked(
    fc.record({
      name,
      partitionCount: fc.integer({ min: 1, max: 4 }),
      replicationFactor: fc.integer({ min: 1, max: 4 }),
    }),
    (wish) => createTopic(wish.name, wish),
  ),
  asked(fc.record({ name, partitionCount: fc.integer({ min: 1, max: 6 }) }), (wish) =>
    updateTopic(wish.name, { partitionCount: wish.partitionCount }),
  ),
  asked(fc.tuple(name, fc.constantFrom('1', '2', undefined)), ([topic, value]) =>
    updateTopic(topic, { configs: [{ name: 'retention.ms', value }] }),
  ),
  asked(name, (topic) => deleteTopic(topic)),
  asked(fc.tuple(broker, fc.nat({ max: 5 })), ([number, life]) => registerBroker(number, life)),
  onRegistered((stage, number) => {
    stage.fence(number);
  }),
  onRegistered((stage, number) => {
    stage.unfence(number);
  }),
  onRegistered((stage, number) => {
    stage.ask({ type: 'shut-down-broker', brokerId: brokerId(number), brokerEpoch: stage.broker(number).brokerEpoch });
  }),
  asked(fc.tuple(name, fc.constantFrom('1', '2', 'auto')), ([topic, value]) =>
    updateTopic(topic, { configs: [{ name: 'min.insync.replicas', value }] }),
  ),
  fc.tuple(name, fc.subarray([1, 2, 3, 4])).map(
    ([topic, members]) =>
      (stage: DecideStage) =>
        changeInSync(stage, topic, members),
  ),
  fc.tuple(name, broker, fc.boolean()).map(
    ([topic, number, hasLost]) =>
      (stage: DecideStage) =>
        stepAside(stage, topic, number, hasLost),
  ),
  onRegistered((stage, number) => {
    stage.ask({
      type: 'allocate-producer-ids',
      brokerId: brokerId(number),
      brokerEpoch: stage.broker(number).brokerEpoch,
    });
  }),
);

/** M3 M4 M5 M6 M7 M8 M9 M11 M12: the stage looks at all of them after every batch. */
test('whatever is asked in whatever order, every invariant holds after every batch', () => {
  let leaderless = 0;
  fc.assert(
    fc.property(fc.array(act, { minLength: 10, maxLength: 60 }), (acts) => {
      const stage = new DecideStage();
      for (const number of [1, 2, 3]) stage.join(number);
      for (const one of acts) one(stage);
      for (const { partitions } of stage.image.topics.values())
        leaderless += partitions.filter(({ leader }) => leader === undefined).length;
      const restored = imageOf(snapshotOf(stage.image));
      expect(describeImage(restored)).toEqual(describeImage(stage.image));
    }),
    { numRuns: 300 },
  );
  expect(leaderless).toBeGreaterThan(0);
});

function changeInSync(stage: DecideStage, topic: string, numbers: readonly number[]): void {
  const topicId = stage.image.topicIdsByName.get(topic);
  const partition = topicId === undefined ? undefined : stage.image.topics.get(topicId)?.partitions[0];
  if (topicId === undefined || partition?.leader === undefined) return;
  const { leader, leaderEpoch, partitionEpoch } = partition;
  const members = numbers.flatMap((number) => {
    const epoch = stage.image.brokers.get(brokerId(number))?.brokerEpoch;
    return epoch === undefined ? [] : [{ brokerId: brokerId(number), brokerEpoch: epoch }];
  });
  const change = { topicId, partition: 0, leaderEpoch, partitionEpoch, members, recovery: 'recovered' } as const;
  const { brokerEpoch } = stage.broker(leader);
  stage.ask({ type: 'change-in-sync', brokerId: leader, brokerEpoch, changes: [change] });
}

function stepAside(stage: DecideStage, topic: string, number: number, hasLost: boolean): void {
  const topicId = stage.image.topicIdsByName.get(topic);
  const partition = topicId === undefined ? undefined : stage.image.topics.get(topicId)?.partitions[0];
  const known = stage.image.brokers.get(brokerId(number));
  if (topicId === undefined || partition === undefined || known === undefined) return;
  const { leaderEpoch } = partition;
  const partitions = [{ topicId, partition: 0, leaderEpoch, hasLost, isBack: false }];
  stage.ask({ type: 'step-aside', brokerId: known.brokerId, brokerEpoch: known.brokerEpoch, partitions });
}

function describeImage(image: DecideStage['image']): unknown {
  const { records, requests, ...position } = snapshotOf(image);
  return { ...position, records: [...records], requests: [...requests], brokers: [...image.brokers.values()] };
}

function asked<Wish>(wishes: fc.Arbitrary<Wish>, commandOf: (wish: Wish) => MetadataCommand): fc.Arbitrary<Act> {
  return wishes.map((wish) => (stage: DecideStage) => {
    stage.ask(commandOf(wish));
  });
}

function onRegistered(change: (stage: DecideStage, number: number) => void): fc.Arbitrary<Act> {
  return broker.map((number) => (stage: DecideStage) => {
    if (stage.image.brokers.has(brokerId(number))) change(stage, number);
  });
}
