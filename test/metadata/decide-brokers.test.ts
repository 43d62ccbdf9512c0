import { describe, expect, test } from 'vitest';
import { brokerId, clusterId } from '../../src/base/ids.ts';
import { createTopic, DecideStage, registerBroker, strangeEpoch } from './decide-fixture.ts';
import { brokers, idOf } from './metadata-fixture.ts';

/** Topic `a` on 1, 2, 3 with leader 1; topic `alone` on 1. */
function threeBrokersWithTopics(): DecideStage {
  const stage = new DecideStage();
  for (const number of [1, 2, 3]) stage.join(number);
  stage.ask(createTopic('a', { assignments: [brokers(1, 2, 3)] }));
  stage.ask(createTopic('alone', { assignments: [brokers(1)] }));
  return stage;
}

describe('a broker that registers', () => {
  test('is fenced, under the epoch of the entry that registered it, until it is let in', () => {
    const stage = new DecideStage();
    expect(stage.ask(registerBroker(1))).toMatchObject({ type: 'broker-registered', brokerId: 1 });
    expect(stage.broker(1)).toMatchObject({ state: 'fenced', brokerEpoch: stage.image.revision });
    stage.unfence(1);
    expect(stage.broker(1).state).toBe('active');
  });

  test('twice in one life is registered once', () => {
    const stage = new DecideStage();
    stage.join(1);
    expect(stage.decide(registerBroker(1))).toMatchObject({ ok: true, value: { records: [] } });
  });

  test('under a number that another lives under is refused, until that one is silent', () => {
    const stage = new DecideStage();
    stage.join(1);
    stage.sessions.add(brokerId(1));
    expect(stage.ask(registerBroker(1, 2))).toMatchObject({ type: 'broker-id-in-use', incarnation: idOf(1001) });
    stage.sessions.clear();
    expect(stage.ask(registerBroker(1, 2))).toMatchObject({ type: 'broker-registered', incarnation: idOf(1002) });
  });

  test('M3: never leads on under the epoch that its former life had, even alone in sync', () => {
    const stage = threeBrokersWithTopics();
    stage.ask(registerBroker(1, 2));
    expect(stage.partition('alone')).toMatchObject({ leader: undefined, leaderEpoch: 1, inSync: [1] });
    expect(stage.partition('a')).toMatchObject({ leader: 2, leaderEpoch: 1, inSync: [2, 3] });
    stage.unfence(1);
    expect(stage.partition('alone')).toMatchObject({ leader: 1, leaderEpoch: 2 });
    expect(stage.partition('a')).toMatchObject({ leader: 2, leaderEpoch: 1 });
  });

  test('of another cluster is refused with both names', () => {
    const other = clusterId(idOf(99));
    expect(new DecideStage().ask(registerBroker(1, 1, { clusterId: other }))).toMatchObject({
      type: 'cluster-id-mismatch',
      named: other,
      ours: idOf(1),
    });
  });

  test('and is too old for a feature that is in force is refused', () => {
    const stage = new DecideStage();
    stage.replay([{ type: 'feature-level-set', name: 'metadata', level: 1 }]);
    const problem = { type: 'unsupported-feature-level', name: 'metadata', level: 1, levelMax: 0, brokerId: 1 };
    expect(stage.ask(registerBroker(1, 1, { features: [] }))).toMatchObject(problem);
    expect(stage.ask(registerBroker(1))).toMatchObject({ type: 'broker-registered' });
  });

  test.each([
    ['directories', { directories: [] }],
    ['rack', { rack: '' }],
    ['endpoints.api', { endpoints: { api: '', peer: 'b1:1' } }],
    ['endpoints.peer', { endpoints: { api: 'b1:1', peer: 'x'.repeat(256) } }],
  ])('with a bad %s is refused', (field, more) => {
    expect(new DecideStage().ask(registerBroker(1, 1, more))).toMatchObject({ type: 'invalid', field });
  });
});

describe('a broker that is fenced', () => {
  test('M7: leads nothing; who is in sync takes over, else nobody does', () => {
    const stage = threeBrokersWithTopics();
    stage.fence(1);
    expect(stage.partition('a')).toMatchObject({ leader: 2, leaderEpoch: 1, inSync: [2, 3] });
    expect(stage.partition('alone')).toMatchObject({ leader: undefined, leaderEpoch: 1, inSync: [1] });
    expect(stage.broker(1)).toMatchObject({ leaderCount: 0, replicaCount: 2 });
  });

  test('M4: leaves the in-sync set unless it is the last', () => {
    const stage = threeBrokersWithTopics();
    for (const number of [1, 3, 2]) stage.fence(number);
    expect(stage.partition('a')).toMatchObject({ leader: undefined, inSync: [2] });
    stage.unfence(1);
    expect(stage.partition('a')).toMatchObject({ leader: undefined, inSync: [2] });
    stage.unfence(2);
    expect(stage.partition('a')).toMatchObject({ leader: 2, inSync: [2] });
  });

  test('is given no new partitions', () => {
    const stage = threeBrokersWithTopics();
    stage.fence(1);
    stage.ask(createTopic('b', { partitionCount: 6, replicationFactor: 2 }));
    for (let partition = 0; partition < 6; partition += 1)
      expect(new Set(stage.partition('b', partition).inSync)).toEqual(new Set([2, 3]));
  });
});

describe('a broker that shuts down', () => {
  test('hands over what others can lead, and leads the rest until it is gone', () => {
    const stage = threeBrokersWithTopics();
    const { brokerEpoch } = stage.broker(1);
    const command = { type: 'shut-down-broker', brokerId: brokerId(1), brokerEpoch } as const;
    expect(stage.ask(command)).toMatchObject({ type: 'broker-shutting-down', leadershipsKept: 1 });
    expect(stage.partition('a')).toMatchObject({ leader: 2, inSync: [2, 3] });
    expect(stage.partition('alone')).toMatchObject({ leader: 1, leaderEpoch: 0 });
    expect(stage.decide(command)).toMatchObject({ ok: true, value: { answer: { leadershipsKept: 1 }, records: [] } });
    stage.fence(1);
    expect(stage.partition('alone').leader).toBeUndefined();
  });

  test('is believed only under its epoch', () => {
    const stage = threeBrokersWithTopics();
    const stale = { type: 'shut-down-broker', brokerId: brokerId(1), brokerEpoch: strangeEpoch } as const;
    expect(stage.ask(stale)).toMatchObject({ type: 'stale-broker-epoch', current: stage.broker(1).brokerEpoch });
    expect(stage.ask({ ...stale, brokerId: brokerId(9) })).toMatchObject({ type: 'broker-not-found' });
  });
});

test('M8: blocks of producer ids never overlap', () => {
  const stage = threeBrokersWithTopics();
  const starts = [1, 2, 1].map((number) => {
    const { brokerEpoch } = stage.broker(number);
    const answer = stage.ask({ type: 'allocate-producer-ids', brokerId: brokerId(number), brokerEpoch });
    return answer.type === 'producer-ids-allocated' ? answer.firstProducerId : answer;
  });
  expect(starts).toEqual([0, 1000, 2000]);
});

describe('features', () => {
  const features = [
    { name: 'a', levelMin: 1, levelMax: 3, doc: '' },
    { name: 'metadata', levelMin: 1, levelMax: 1, doc: '' },
  ];
  const update = (level: number, allowDowngrade = false, name = 'a') =>
    ({ type: 'update-features', updates: [{ name, level, allowDowngrade }], validateOnly: false }) as const;

  test('go up to what every registered broker can work at', () => {
    const stage = new DecideStage({ features });
    stage.ask(registerBroker(1, 1, { features: [{ name: 'a', levelMin: 1, levelMax: 2 }] }));
    expect(stage.ask(update(3))).toMatchObject({ type: 'unsupported-feature-level', brokerId: 1, levelMax: 2 });
    expect(stage.ask(update(4))).toMatchObject({ type: 'unsupported-feature-level', brokerId: undefined });
    expect(stage.ask(update(2))).toEqual({ type: 'features-updated' });
    expect(stage.image.features.get('a')).toBe(2);
    expect(stage.decide(update(2))).toMatchObject({ ok: true, value: { records: [] } });
  });

  test('go down only when that is allowed, and only those that there are', () => {
    const stage = new DecideStage({ features });
    stage.ask(update(2));
    expect(stage.ask(update(1))).toMatchObject({ type: 'downgrade-not-allowed', current: 2 });
    expect(stage.ask(update(1, true))).toEqual({ type: 'features-updated' });
    expect(stage.ask(update(1, true, 'b'))).toMatchObject({ type: 'unknown-feature', name: 'b' });
  });
});
