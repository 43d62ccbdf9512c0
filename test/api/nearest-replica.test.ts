import { expect, test } from 'vitest';
import { partitionEpoch } from '../../src/base/epochs.ts';
import { brokerId } from '../../src/base/ids.ts';
import { nearestReplica } from '../../src/api/nearest-replica.ts';
import { createTopic, DecideStage } from '../metadata/decide-fixture.ts';
import { brokers } from '../metadata/metadata-fixture.ts';

/** Brokers 1 and 2 in rack a, 3 in b, 4 nowhere; a partition on all of them, led by 1. */
function racked(): { readonly stage: DecideStage; readonly near: (asked: number, rack: string) => unknown } {
  const stage = new DecideStage();
  for (const [number, rack] of [
    [1, 'a'],
    [2, 'a'],
    [3, 'b'],
    [4, undefined],
  ] as const)
    stage.join(number, 1, { rack });
  stage.ask(createTopic('t', { assignments: [brokers(1, 2, 3, 4)] }));
  const topicId = stage.image.topicIdsByName.get('t');
  if (topicId === undefined) throw new Error('there is such a topic');
  const place = { topicId, partition: 0 };
  return { stage, near: (asked, rack) => nearestReplica(stage.image, place, { asked: brokerId(asked), rack }) };
}

test('a reader is sent to a replica in its rack, the leader if that is one', () => {
  const { near } = racked();
  expect(near(1, 'b')).toEqual({ brokerId: 3, endpoint: 'b3:7091' });
  expect(near(3, 'a')).toEqual({ brokerId: 1, endpoint: 'b1:7091' });
  expect(near(4, 'b')).toEqual({ brokerId: 3, endpoint: 'b3:7091' });
});

test('a reader stays where it is in its own rack, and where nobody is nearer', () => {
  const { near } = racked();
  expect(near(2, 'a')).toBeUndefined();
  expect(near(1, 'c')).toBeUndefined();
});

test('nobody is sent to a replica that is not in sync, or fenced', () => {
  const { stage, near } = racked();
  const topicId = stage.image.topicIdsByName.get('t');
  if (topicId === undefined) throw new Error('there is such a topic');
  const { leaderEpoch, partitionEpoch: before } = stage.partition('t');
  const epochs = { leaderEpoch, partitionEpoch: partitionEpoch(before + 1) };
  stage.replay([{ type: 'partition-changed', topicId, partition: 0, ...epochs, inSync: brokers(1, 2, 4) }]);
  expect(near(1, 'b')).toBeUndefined();
  const fenced = racked();
  fenced.stage.fence(3);
  expect(fenced.near(1, 'b')).toBeUndefined();
});
