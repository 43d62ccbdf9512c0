/**
 * Which partitions a broker keeps, from the metadata and back to the disk. What a replica does is
 * partition-runner.test.ts.
 */
import { expect, test } from 'vitest';
import { brokerEpoch, partitionEpoch } from '../../src/base/epochs.ts';
import { brokerId } from '../../src/base/ids.ts';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { nextIndex } from '../../src/base/raft-position.ts';
import type { PartitionDoor, ProduceEnd } from '../../src/broker/partition-door.ts';
import { PartitionHost } from '../../src/broker/partition-host.ts';
import { partitionKeyText } from '../../src/broker/partition-key.ts';
import type { MetadataDelta } from '../../src/metadata/metadata-delta.ts';
import { configKey, emptyImage, type MetadataImage } from '../../src/metadata/metadata-image.ts';
import type { MetadataRecord } from '../../src/metadata/metadata-record.ts';
import { MetadataReplay } from '../../src/metadata/metadata-replay.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { active, created, partitionOn, placed, registered, topicOf } from '../metadata/metadata-fixture.ts';
import { testBatch } from '../partition/test-batches.ts';
import { StorageStage } from '../storage/storage-stage.ts';

const folder = 'broker/partitions';

class HostStage {
  readonly stage: StorageStage;
  readonly said: string[] = [];
  readonly faults: unknown[] = [];
  image: MetadataImage = emptyImage;
  host: PartitionHost | undefined;
  readonly #listeners = new Set<(delta: MetadataDelta) => void>();

  constructor(seed = 1) {
    this.stage = new StorageStage(seed);
  }

  commit(...records: readonly MetadataRecord[]): void {
    const replay = new MetadataReplay(this.image);
    replay.addBatch(nextIndex(this.image.revision), { number: this.image.batchCount + 1, request: undefined, records });
    const delta = replay.finish();
    this.image = delta.after;
    for (const listener of this.#listeners) listener(delta);
  }

  /** Broker 1 registers, and hosts what is placed on it. */
  async start(): Promise<PartitionHost> {
    this.commit(registered(1), ...this.#raisedEpochs());
    this.commit(active(1));
    const broker = this.image.brokers.get(brokerId(1));
    const [directory] = broker?.directories ?? [];
    if (broker === undefined || directory === undefined) throw new Error('broker 1 is registered');
    const { clock } = this.stage;
    const whole: Clock = {
      ...clock,
      monotonicMs: () => clock.monotonicMs(),
      callAfterMs: (delayMs, action) => clock.callAfterMs(delayMs, action),
      wallMs: () => clock.monotonicMs(),
      callSoon: (action) => void setImmediate(action),
    };
    const eventLog: EventLog = { emit: (_level, sentence) => void this.said.push(sentence), with: () => eventLog };
    const getImage = (): MetadataImage => this.image;
    const host = await this.stage.settle(
      PartitionHost.start({
        brokerId: broker.brokerId,
        brokerEpoch: brokerEpoch(broker.brokerEpoch),
        directory,
        disk: this.stage.ports.disk,
        folder,
        scrubPace: { bytesPerSecond: 0, roundMs: 1000 },
        quorum: {
          get image() {
            return getImage();
          },
          onChange: (listener) => {
            this.#listeners.add(listener);
            return () => this.#listeners.delete(listener);
          },
        },
        links: { send: () => {}, push: () => Promise.resolve(false), readBatches: () => Promise.resolve(undefined) },
        controller: { proposeInSync: () => Promise.resolve('unknown'), stepAside: () => {} },
        clock: whole,
        eventLog,
        onFatal: (fault) => this.faults.push(fault),
      }),
    );
    this.host = host;
    return host;
  }

  /** As a registration does it with what the broker led. */
  #raisedEpochs(): MetadataRecord[] {
    return [...this.image.topics.values()].flatMap(({ topicId, partitions }) =>
      partitions.flatMap(({ leader, leaderEpoch: led, partitionEpoch: at }, partition): MetadataRecord[] => {
        if (leader !== 1) return [];
        const epochs = { leaderEpoch: leaderEpoch(led + 1), partitionEpoch: partitionEpoch(at + 1) };
        return [{ type: 'partition-changed', topicId, partition, ...epochs }];
      }),
    );
  }

  pass(ms: number): Promise<void> {
    return this.stage.settle(new Promise<void>((resolve) => this.stage.clock.callAfterMs(ms, resolve)));
  }

  async stop(): Promise<void> {
    if (this.host !== undefined) await this.stage.settle(this.host.stop());
    this.host = undefined;
  }

  find(topic: number, partition = 0): ReturnType<PartitionHost['find']> {
    if (this.host === undefined) throw new Error('the broker is up');
    return this.host.find({ topicId: topicOf(topic), partition });
  }

  door(topic: number, partition = 0): PartitionDoor {
    const door = this.find(topic, partition);
    if ('type' in door) throw new Error(`the partition is ${door.type}`);
    return door;
  }

  produce(topic: number, text: string): Promise<ProduceEnd> {
    const asked = {
      acks: 'all',
      ownedBatch: testBatch(text).ownedBytes,
      leaderEpoch: undefined,
      deadlineMs: 1e9,
    } as const;
    return this.stage.settle(new Promise((resolve) => this.door(topic).produce(asked, resolve)));
  }

  folders(): Promise<readonly string[]> {
    return this.stage.settle(this.stage.ports.disk.list(folder));
  }
}

const nameOf = (topic: number, partition = 0): string => partitionKeyText({ topicId: topicOf(topic), partition });

test('a broker keeps the partitions that are placed on it, and says of others that they are elsewhere', async () => {
  const stage = new HostStage();
  stage.commit(registered(2));
  stage.commit(created(7, 'before'), placed(7, partitionOn(2)));
  await stage.start();
  stage.commit(created(8, 'here'), placed(8, partitionOn(1)), placed(8, partitionOn(2)));
  expect(stage.find(8)).toEqual({ type: 'opening' });
  await stage.pass(100);
  expect(await stage.produce(8, 'a')).toMatchObject({ type: 'done', baseOffset: 0 });
  expect([stage.find(8, 1), stage.find(7), stage.find(9), stage.find(8, 2)]).toEqual([
    { type: 'not-here' },
    { type: 'not-here' },
    { type: 'no-such-partition' },
    { type: 'no-such-partition' },
  ]);
  expect(stage.faults).toEqual([]);
});

test('what a partition holds is there in the next life of its broker, after a stop and after a power cut', async () => {
  const stage = new HostStage();
  await stage.start();
  stage.commit(created(8, 'here'), placed(8, partitionOn(1)));
  await stage.pass(100);
  for (const text of ['a', 'b', 'c']) await stage.produce(8, text);
  await stage.stop();
  expect(await stage.folders()).toContain('stopped-cleanly');
  await stage.start();
  await stage.pass(100);
  expect(await stage.folders()).not.toContain('stopped-cleanly');
  expect(await stage.produce(8, 'd')).toMatchObject({ baseOffset: 3 });
  stage.host = undefined;
  stage.stage.cutPower();
  await stage.start();
  await stage.pass(100);
  expect(await stage.produce(8, 'e')).toMatchObject({ baseOffset: 4 });
  expect(stage.faults).toEqual([]);
});

test('a deleted topic leaves the disk, also when it was deleted while the broker was down', async () => {
  const stage = new HostStage();
  await stage.start();
  stage.commit(created(8, 'here'), placed(8, partitionOn(1)), created(9, 'there'), placed(9, partitionOn(1)));
  await stage.pass(100);
  await stage.produce(8, 'a');
  stage.commit({ type: 'topic-deleted', topicId: topicOf(8) });
  expect(stage.find(8)).toEqual({ type: 'no-such-partition' });
  await stage.pass(100);
  expect(await stage.folders()).not.toContain(nameOf(8));
  await stage.stop();
  stage.commit({ type: 'topic-deleted', topicId: topicOf(9) });
  expect(await stage.folders()).toContain(nameOf(9));
  await stage.start();
  await stage.pass(200_000);
  const left = (await stage.folders()).filter((name) => name.includes('-0'));
  expect(left).toEqual([]);
  expect(stage.faults).toEqual([]);
});

test('a folder that is no partition is left alone', async () => {
  const stage = new HostStage();
  await stage.stage.settle(stage.stage.ports.disk.makeFolder(`${folder}/notes of the operator`));
  await stage.start();
  await stage.pass(100_000);
  expect(await stage.folders()).toContain('notes of the operator');
});

test('configs act without a restart: old records go by their age, and segments are as large as is set', async () => {
  const stage = new HostStage();
  await stage.start();
  stage.commit(created(8, 'here'), placed(8, partitionOn(1)));
  await stage.pass(100);
  for (let at = 0; at < 20; at += 1) await stage.produce(8, `text ${at}`.padEnd(60_000, 'x'));
  const [runner] = stage.host?.runners() ?? [];
  expect(runner?.log.segments.length).toBe(1);
  const resource = { scope: 'topic', topicId: topicOf(8) } as const;
  stage.commit(
    { type: 'config-set', resource, name: 'segment.bytes', value: String(1024 * 1024) },
    { type: 'config-set', resource, name: 'retention.ms', value: '1000' },
  );
  expect(stage.image.configs.get(configKey(resource))?.size).toBe(2);
  for (let at = 0; at < 20; at += 1) await stage.produce(8, `more ${at}`.padEnd(60_000, 'x'));
  expect(runner?.log.segments.length).toBeGreaterThan(1);
  await stage.pass(25_000);
  expect(runner?.view.start).toBeGreaterThanOrEqual(17);
  expect(runner?.log.localStart).toBe(runner?.view.start);
  const asked = { from: offset(0), bytesMin: 1, bytesMax: 1, mayFollow: false, leaderEpoch: undefined, deadlineMs: 0 };
  expect(await stage.stage.settle(stage.door(8).fetch(asked).end)).toMatchObject({
    problem: { type: 'offset-out-of-range' },
  });
  expect(stage.faults).toEqual([]);
});

test('a log that fails ends the broker, with the partition and the reason', async () => {
  const stage = new HostStage();
  await stage.start();
  stage.commit(created(8, 'here'), placed(8, partitionOn(1)));
  await stage.pass(100);
  const { disk } = stage.stage;
  disk.knobs = { ...disk.knobs, fails: { ...disk.knobs.fails, sync: 1 } };
  expect(await stage.produce(8, 'a')).toEqual({ type: 'outcome-unknown', why: 'log-failed' });
  expect(stage.faults.map(String)).toEqual(['FaultError: the log of a partition failed']);
});

test('a disk that does not answer one reader loses neither the broker nor the log', async () => {
  const stage = new HostStage();
  await stage.start();
  stage.commit(created(8, 'here'), placed(8, partitionOn(1)));
  await stage.pass(100);
  await stage.produce(8, 'a');
  const { disk } = stage.stage;
  const calm = disk.knobs;
  disk.knobs = { ...calm, fails: { ...calm.fails, read: 1 } };
  const asked = { from: offset(0), bytesMin: 1, bytesMax: 1, mayFollow: false, leaderEpoch: undefined, deadlineMs: 0 };
  expect(await stage.stage.settle(stage.door(8).fetch(asked).end)).toEqual({ type: 'gone' });
  disk.knobs = calm;
  expect(await stage.produce(8, 'b')).toMatchObject({ type: 'done' });
  expect(await stage.stage.settle(stage.door(8).fetch(asked).end)).toMatchObject({ type: 'read', next: 1 });
  expect(stage.faults).toEqual([]);
});

test('a log that cannot be opened ends the broker, and is not tried again and again', async () => {
  const stage = new HostStage();
  await stage.start();
  const { disk } = stage.stage;
  disk.knobs = { ...disk.knobs, fails: { ...disk.knobs.fails, folder: 1 } };
  stage.commit(created(8, 'here'), placed(8, partitionOn(1)));
  await stage.pass(1000);
  expect(stage.faults.length).toBe(1);
  expect(stage.find(8)).toEqual({ type: 'opening' });
});
