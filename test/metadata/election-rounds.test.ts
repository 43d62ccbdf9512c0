import { describe, expect, test } from 'vitest';
import { partitionEpoch } from '../../src/base/epochs.ts';
import { brokerId } from '../../src/base/ids.ts';
import { leaderEpoch as epochOf } from '../../src/base/offsets.ts';
import { countElections, ElectionRounds } from '../../src/metadata/election-rounds.ts';
import { createTopic, DecideStage, updateTopic } from './decide-fixture.ts';
import { brokers } from './metadata-fixture.ts';

const roundMs = 3000;

/** A stage whose rounds are looked at by hand. */
class ElectionStage extends DecideStage {
  readonly #rounds = new ElectionRounds();
  #nowMs = 0;
  counts = { preferred: 0, unclean: 0 };

  /** The next round, and what it elects comes to be. */
  round(): void {
    const elected = this.#rounds.look(this.image, this.#nowMs);
    this.#nowMs += roundMs;
    const { preferred, unclean } = countElections(elected);
    this.counts = { preferred: this.counts.preferred + preferred, unclean: this.counts.unclean + unclean };
    this.replay(elected);
  }

  rounds(count: number): void {
    for (let round = 0; round < count; round += 1) this.round();
  }

  /** As a leader does once it has seen that they have everything. */
  inSync(name: string, ...numbers: readonly number[]): void {
    const topicId = this.image.topicIdsByName.get(name);
    const { leader, leaderEpoch, partitionEpoch: before } = this.partition(name);
    if (topicId === undefined || leader === undefined) throw new Error('it is led');
    const epoch = partitionEpoch(before + 1);
    const [inSync, recovery] = [brokers(...numbers), 'recovered'] as const;
    this.replay([
      { type: 'partition-changed', topicId, partition: 0, leaderEpoch, partitionEpoch: epoch, inSync, recovery },
    ]);
  }

  stepAside(name: string, number: number): void {
    this.#say(name, number, false);
  }

  comeBack(name: string, number: number, epoch?: number): void {
    this.#say(name, number, true, epoch);
  }

  #say(name: string, number: number, isBack: boolean, epoch?: number): void {
    const topicId = this.image.topicIdsByName.get(name);
    if (topicId === undefined) throw new Error('there is such a topic');
    const leaderEpoch = epochOf(epoch ?? this.partition(name).leaderEpoch);
    const { brokerEpoch } = this.broker(number);
    const partitions = [{ topicId, partition: 0, leaderEpoch, hasLost: false, isBack }];
    this.ask({ type: 'step-aside', brokerId: brokerId(number), brokerEpoch, partitions });
  }
}

function threeBrokers(configs: Readonly<Record<string, string>> = {}): ElectionStage {
  const stage = new ElectionStage();
  for (const number of [1, 2, 3]) stage.join(number);
  const set = Object.entries(configs).map(([name, value]) => ({ name, value }));
  stage.ask(createTopic('a', { assignments: [brokers(1, 2, 3)], configs: set }));
  return stage;
}

describe('the preferred leader', () => {
  test('leads again once it is in sync, two rounds later and not before', () => {
    const stage = threeBrokers();
    stage.rounds(3);
    stage.fence(1);
    stage.unfence(1);
    stage.rounds(3);
    expect(stage.partition('a')).toMatchObject({ leader: 2, leaderEpoch: 1 });
    stage.inSync('a', 1, 2, 3);
    stage.round();
    expect(stage.partition('a')).toMatchObject({ leader: 2 });
    stage.round();
    expect(stage.partition('a')).toMatchObject({ leader: 1, leaderEpoch: 2, inSync: [1, 2, 3] });
    stage.rounds(3);
    expect(stage.partition('a')).toMatchObject({ leader: 1, leaderEpoch: 2 });
    expect(stage.counts).toEqual({ preferred: 1, unclean: 0 });
  });

  test('has to be there in both rounds', () => {
    const stage = threeBrokers();
    stage.fence(1);
    stage.unfence(1);
    stage.inSync('a', 1, 2, 3);
    stage.rounds(2);
    stage.fence(1);
    stage.round();
    stage.unfence(1);
    stage.inSync('a', 1, 2, 3);
    stage.round();
    expect(stage.partition('a')).toMatchObject({ leader: 2 });
  });

  test('stays where it is when the cluster wants that', () => {
    const stage = threeBrokers();
    const configs = [{ name: 'auto.leader.rebalance.enable', value: 'false' }];
    stage.ask({ type: 'update-configs', resource: { scope: 'cluster' }, configs, validateOnly: false });
    stage.fence(1);
    stage.unfence(1);
    stage.inSync('a', 1, 2, 3);
    stage.rounds(5);
    expect(stage.partition('a')).toMatchObject({ leader: 2 });
  });

  test('is not led to while it is shutting down', () => {
    const stage = threeBrokers();
    const { brokerEpoch } = stage.broker(1);
    stage.ask({ type: 'shut-down-broker', brokerId: brokerId(1), brokerEpoch });
    stage.rounds(5);
    expect(stage.partition('a')).toMatchObject({ leader: 2 });
  });

  test('brings two brokers with six partitions back to three each, whichever restarted', () => {
    const stage = new ElectionStage();
    for (const number of [1, 2]) stage.join(number);
    stage.ask(createTopic('a', { partitionCount: 6, replicationFactor: 2 }));
    for (const [life, number] of [1, 2, 2, 1].entries()) {
      stage.join(number, life + 2);
      const { topicId, partitions } = [...stage.image.topics.values()][0] ?? { partitions: [] };
      if (topicId === undefined) throw new Error('there is a topic');
      partitions.forEach(({ leader, leaderEpoch, partitionEpoch: before }, partition) => {
        if (leader === undefined) throw new Error('each is led');
        const epochs = { leaderEpoch, partitionEpoch: partitionEpoch(before + 1) };
        stage.replay([{ type: 'partition-changed', topicId, partition, ...epochs, inSync: brokers(1, 2) }]);
      });
      stage.rounds(3);
      expect([stage.broker(1).leaderCount, stage.broker(2).leaderCount]).toEqual([3, 3]);
    }
  });
});

describe('M16: an unclean election', () => {
  const allowed = { 'unclean.leader.election.enable': 'true' };

  /** Only 1 is in sync, and gone; 2 and 3 are there. */
  function leaderless(configs: Readonly<Record<string, string>>): ElectionStage {
    const stage = threeBrokers({ 'min.insync.replicas': '1', ...configs });
    stage.inSync('a', 1);
    stage.round();
    stage.fence(1);
    return stage;
  }

  test('does not happen unless the topic allows it', () => {
    const stage = leaderless({});
    stage.rounds(5);
    expect(stage.partition('a')).toMatchObject({ leader: undefined, inSync: [1], uncleanEpoch: undefined });
    stage.ask(updateTopic('a', { configs: [{ name: 'unclean.leader.election.enable', value: 'true' }] }));
    stage.rounds(3);
    expect(stage.partition('a')).toMatchObject({ leader: 2, inSync: [2], recovery: 'recovering' });
  });

  test('is remembered with its epoch, and so is the one before', () => {
    const stage = leaderless(allowed);
    stage.rounds(2);
    expect(stage.partition('a')).toMatchObject({ leader: 2, leaderEpoch: 2, uncleanEpoch: 2, eligible: [] });
    stage.inSync('a', 2);
    stage.fence(2);
    stage.rounds(2);
    const { uncleanEpoch, uncleanEpochBefore, leader, leaderEpoch } = stage.partition('a');
    expect([leader, leaderEpoch, uncleanEpoch, uncleanEpochBefore]).toEqual([3, 4, 4, 2]);
    expect(stage.counts).toEqual({ preferred: 0, unclean: 2 });
  });

  test('does not happen while somebody who has everything is back in time', () => {
    const stage = leaderless(allowed);
    stage.round();
    stage.join(1, 2);
    stage.rounds(3);
    expect(stage.partition('a')).toMatchObject({ leader: 1, uncleanEpoch: undefined });
  });

  test('is not won by a replica that cannot go on, and ends when none can', () => {
    const stage = leaderless(allowed);
    stage.rounds(2);
    for (const number of [2, 3]) {
      stage.stepAside('a', number);
      stage.rounds(3);
    }
    expect(stage.partition('a')).toMatchObject({ leader: undefined, inSync: [3], aside: [2, 3], uncleanEpoch: 4 });
    const { partitionEpoch: before } = stage.partition('a');
    stage.rounds(5);
    expect(stage.partition('a').partitionEpoch).toBe(before);
  });
});

describe('M15: a replica that stepped aside', () => {
  test('is not elected, and does not lead again by being heard', () => {
    const stage = threeBrokers({ 'min.insync.replicas': '1' });
    stage.stepAside('a', 1);
    expect(stage.partition('a')).toMatchObject({ leader: 2, inSync: [2, 3], aside: [1] });
    stage.stepAside('a', 2);
    stage.stepAside('a', 3);
    expect(stage.partition('a')).toMatchObject({ leader: undefined, inSync: [3], aside: [1, 2, 3] });
    stage.fence(3);
    stage.unfence(3);
    expect(stage.partition('a')).toMatchObject({ leader: undefined });
  });

  test('is one like others in another life, or when it is in sync again', () => {
    const stage = threeBrokers();
    stage.stepAside('a', 1);
    stage.stepAside('a', 3);
    stage.join(3, 2);
    expect(stage.partition('a')).toMatchObject({ leader: 2, aside: [1] });
    const { leaderEpoch, partitionEpoch: epoch } = stage.partition('a');
    const topicId = stage.image.topicIdsByName.get('a');
    if (topicId === undefined) throw new Error('there is such a topic');
    const members = [1, 2].map((number) => ({
      brokerId: brokerId(number),
      brokerEpoch: stage.broker(number).brokerEpoch,
    }));
    const change = {
      topicId,
      partition: 0,
      leaderEpoch,
      partitionEpoch: epoch,
      members,
      recovery: 'recovered',
    } as const;
    const { brokerEpoch } = stage.broker(2);
    stage.ask({ type: 'change-in-sync', brokerId: brokerId(2), brokerEpoch, changes: [change] });
    expect(stage.partition('a')).toMatchObject({ inSync: [1, 2], aside: [] });
  });
});

describe('M15: a replica that comes back', () => {
  test('is aside no longer, and leads where everybody waits for it', () => {
    const stage = threeBrokers({ 'min.insync.replicas': '1' });
    stage.inSync('a', 1);
    stage.stepAside('a', 1);
    expect(stage.partition('a')).toMatchObject({ leader: undefined, inSync: [1], aside: [1] });
    stage.comeBack('a', 1);
    expect(stage.partition('a')).toMatchObject({ leader: 1, inSync: [1], aside: [] });
    const { partitionEpoch: before, leaderEpoch: led } = stage.partition('a');
    // Said again, of the leadership in which it was said.
    stage.comeBack('a', 1, led - 1);
    expect(stage.partition('a').partitionEpoch).toBe(before);
  });

  test('leads in another epoch where nobody heard that it had given up the one that it led', () => {
    const stage = threeBrokers();
    const { leaderEpoch: led } = stage.partition('a');
    stage.comeBack('a', 1);
    expect(stage.partition('a')).toMatchObject({ leader: 1, leaderEpoch: led + 1, inSync: [1, 2, 3] });
  });

  test('waits for its leader to take it in where others lead', () => {
    const stage = threeBrokers();
    stage.stepAside('a', 1);
    stage.comeBack('a', 1);
    expect(stage.partition('a')).toMatchObject({ leader: 2, inSync: [2, 3], aside: [] });
  });

  test('does not lead while it is fenced', () => {
    const stage = threeBrokers({ 'min.insync.replicas': '1' });
    stage.inSync('a', 1);
    stage.stepAside('a', 1);
    stage.fence(1);
    stage.comeBack('a', 1);
    expect(stage.partition('a')).toMatchObject({ leader: undefined, aside: [] });
    stage.unfence(1);
    expect(stage.partition('a')).toMatchObject({ leader: 1 });
  });
});
