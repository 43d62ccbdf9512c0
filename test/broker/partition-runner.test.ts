/**
 * Replicas as they run on brokers: real cores, drivers and logs on simulated disks. What a core promises is tested in
 * test/partition; here it is that its driver keeps the other half of each promise.
 */
import { expect, test } from 'vitest';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { crc32c } from '../../src/record/crc32c.ts';
import { checksummedFrom, position } from '../../src/record/batch-layout.ts';
import { testBatch } from '../partition/test-batches.ts';
import { RunnerStage } from './runner-stage.ts';

const names = (count: number, prefix = 'r'): string[] => Array.from({ length: count }, (_, at) => `${prefix}${at}`);

async function produceAll(stage: RunnerStage, texts: readonly string[], leader = stage.leader): Promise<void> {
  for (const text of texts) expect(await stage.produce(leader, text)).toMatchObject({ type: 'done' });
}

test('what one replica acknowledges is read byte for byte, also after a restart', async () => {
  const stage = await new RunnerStage({ replicas: 1 }).start();
  const batch = testBatch('first');
  const sent = Uint8Array.from(batch.ownedBytes);
  expect(await stage.produce(1, batch)).toEqual({ type: 'done', baseOffset: 0, start: 0 });
  await produceAll(stage, names(20));
  const read = await stage.fetch(1, 0, 0, 1);
  if (read.type !== 'read') throw new Error(`the fetch ended ${read.type}`);
  expect(Buffer.from(read.ownedBytes).subarray(16).equals(Buffer.from(sent).subarray(16))).toBe(true);
  expect(read).toMatchObject({ next: 1, watermark: 21, lastStable: 21, start: 0 });

  await stage.stop(1);
  await stage.restart(1);
  expect(await stage.texts(1)).toEqual(['first', ...names(20)]);
  await produceAll(stage, ['more']);
  expect(stage.bugs).toEqual([]);
});

test('what three replicas acknowledge is on the disk of each, and followers serve it', async () => {
  const stage = await new RunnerStage({ replicas: 3 }).start();
  await produceAll(stage, names(30));
  for (const id of [1, 2, 3]) expect(stage.runner(id).view.durable).toBe(30);
  await stage.pass(2000);
  for (const id of [1, 2, 3]) expect(await stage.texts(id)).toEqual(names(30));
  const files = [1, 2, 3].map((id) => stage.runner(id).log.segments);
  expect(files[1]).toEqual(files[0]);
  expect(files[2]).toEqual(files[0]);
  expect(stage.bugs).toEqual([]);
});

test('acks=leader is answered by the leader alone, and acks=none at once', async () => {
  const stage = await new RunnerStage({ replicas: 3 }).start();
  await produceAll(stage, ['a']);
  stage.cut(2, true);
  stage.cut(3, true);
  expect(await stage.produce(1, 'b', { acks: 'leader' })).toEqual({ type: 'done', baseOffset: 1, start: 0 });
  expect(await stage.produce(1, 'c', { acks: 'none' })).toEqual({ type: 'done', baseOffset: undefined, start: 0 });
  expect(await stage.produce(1, 'd', { waitMs: 500 })).toEqual({ type: 'outcome-unknown', why: 'timed-out' });
  expect(await stage.texts(1)).toEqual(['a']);
});

test('when the leader goes another one leads with all that was acknowledged, and the first one follows it', async () => {
  const stage = await new RunnerStage({ replicas: 3 }).start();
  await produceAll(stage, names(12));
  await stage.stop(1);
  stage.controller.fence(stage.machine(1).brokerId);
  stage.tell();
  expect(stage.leader).toBe(2);
  await produceAll(stage, names(12, 's'));
  await stage.restart(1);
  await stage.pass(12_000);
  expect(stage.controller.inSync).toEqual([1, 2, 3]);
  for (const id of [1, 2, 3]) expect(await stage.texts(id)).toEqual([...names(12), ...names(12, 's')]);
  expect(await stage.produce(1, 'x')).toMatchObject({ type: 'refused', problem: { type: 'not-leader', leader: 2 } });
  expect(stage.bugs).toEqual([]);
});

test('a follower that was cut off leaves the in-sync set, delays nobody, and catches up', async () => {
  const stage = await new RunnerStage({ replicas: 3, limits: { lagMsMax: 300 } }).start();
  await produceAll(stage, ['a']);
  stage.cut(3, true);
  const waiting = stage.produce(1, 'b', { waitMs: 5000 });
  expect(await waiting).toMatchObject({ type: 'done', baseOffset: 1 });
  expect(stage.controller.inSync).toEqual([1, 2]);
  await produceAll(stage, names(40));
  stage.cut(3, false);
  await stage.pass(3000);
  expect(stage.controller.inSync).toEqual([1, 2, 3]);
  expect(await stage.texts(3)).toEqual(['a', 'b', ...names(40)]);
});

test('what a leader appended and nobody else has is cut off when it follows the next leader', async () => {
  const stage = await new RunnerStage({ replicas: 3 }).start();
  await produceAll(stage, names(5));
  stage.cut(1, true);
  const lost = stage.produce(1, 'nobody has this', { waitMs: 200 });
  stage.controller.fence(stage.machine(1).brokerId);
  stage.invariants.onController(stage.controller.facts);
  for (const id of [2, 3]) stage.runner(id).onMetadata(stage.controller.current);
  expect(await lost).toEqual({ type: 'outcome-unknown', why: 'timed-out' });
  await produceAll(stage, names(3, 's'));
  expect(stage.runner(1).view.assigned).toBe(6);
  await stage.stop(1);
  stage.cut(1, false);
  await stage.restart(1);
  await stage.pass(3000);
  expect(await stage.texts(1)).toEqual([...names(5), ...names(3, 's')]);
  expect(stage.runner(1).log.endOfEpoch(leaderEpoch(99))?.end).toBe(8);
  expect(stage.bugs).toEqual([]);
});

test('S1, P1: a power cut of all machines at once loses nothing that was acknowledged', async () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const stage = await new RunnerStage({ replicas: 3, seed }).start();
    await produceAll(stage, names(10 + seed));
    // On its way when the power goes.
    for (const text of names(5, 'late'))
      stage
        .door(1)
        .produce(
          { acks: 'all', ownedBatch: testBatch(text).ownedBytes, leaderEpoch: undefined, deadlineMs: 1e9 },
          () => {},
        );
    const { stage: machines } = stage;
    for (const id of [1, 2, 3]) stage.machine(id).runner = undefined;
    machines.cutPower();
    for (const id of [1, 2, 3])
      stage.controller.register(
        stage.machine(id).brokerId,
        stage.controller.broker(stage.machine(id).brokerId).directory,
        false,
      );
    for (const id of [1, 2, 3]) {
      await stage.open(id);
      stage.controller.unfence(stage.machine(id).brokerId);
    }
    stage.tell();
    await stage.pass(15_000);
    const texts = await stage.texts(stage.leader);
    expect(texts.slice(0, 10 + seed), `seed ${seed}`).toEqual(names(10 + seed));
    await produceAll(stage, ['after']);
    expect(stage.bugs).toEqual([]);
  }
});

test('I2: a batch that is sent again after a restart gets its first offset', async () => {
  const stage = await new RunnerStage({ replicas: 3 }).start();
  const send = (sequence: number) => stage.produce(stage.leader, testBatch(`s${sequence}`, { id: 7, sequence }));
  for (const sequence of [0, 1, 2]) expect(await send(sequence)).toMatchObject({ baseOffset: sequence });
  for (const id of [1, 2, 3]) await stage.stop(id);
  for (const id of [1, 2, 3]) await stage.restart(id);
  await stage.pass(3000);
  expect(await send(2)).toMatchObject({ type: 'done', baseOffset: 2 });
  expect(await send(3)).toMatchObject({ type: 'done', baseOffset: 3 });
  expect(await send(9)).toMatchObject({ type: 'refused', problem: { type: 'out-of-order-sequence', expected: 4 } });
});

test('a fetch at the end waits for the next record, for its time, or until it is given up', async () => {
  const stage = await new RunnerStage({ replicas: 1 }).start();
  const asked = { from: offset(0), bytesMin: 1, bytesMax: 1000, mayFollow: false, leaderEpoch: undefined };
  const waiting = stage.door(1).fetch({ ...asked, deadlineMs: 1e9 });
  await produceAll(stage, ['a']);
  expect(await stage.stage.settle(waiting.end)).toMatchObject({ type: 'read', next: 1 });
  const beginMs = stage.stage.clock.monotonicMs();
  expect(await stage.fetch(1, 1, 300)).toMatchObject({ type: 'read', next: 1, watermark: 1 });
  expect(stage.stage.clock.monotonicMs() - beginMs).toBeGreaterThanOrEqual(300);
  const givenUp = stage.door(1).fetch({ ...asked, from: offset(1), deadlineMs: 1e9 });
  givenUp.cancel();
  givenUp.cancel();
  expect(await givenUp.end).toEqual({ type: 'gone' });
  expect(stage.runner(1).view.fetchesWaiting).toBe(0);
  expect(await stage.fetch(1, 5)).toMatchObject({ type: 'refused', problem: { type: 'offset-out-of-range' } });
});

test('offsets are found by their place and by their time, and epochs by their ends', async () => {
  const stage = await new RunnerStage({ replicas: 1 }).start();
  await produceAll(stage, names(3));
  const list = (wanted: Parameters<ReturnType<typeof stage.door>['listOffset']>[0]['wanted'], epoch?: number) =>
    stage.stage.settle(
      stage.door(1).listOffset({ wanted, leaderEpoch: epoch === undefined ? undefined : leaderEpoch(epoch) }),
    );
  expect(await list({ type: 'earliest' })).toMatchObject({ offset: 0 });
  expect(await list({ type: 'latest' })).toMatchObject({ offset: 3 });
  expect(await list({ type: 'at-time', timestampMs: 1 })).toMatchObject({ offset: 0, timestampMs: 1 });
  expect(await list({ type: 'at-time', timestampMs: 2 })).toMatchObject({ type: 'found', offset: undefined });
  expect(await list({ type: 'latest' }, 99)).toMatchObject({ problem: { type: 'unknown-leader-epoch' } });
  const { leaderEpoch: led } = stage.controller.current;
  expect(stage.door(1).epochEnd({ epoch: led, leaderEpoch: undefined })).toEqual({ type: 'found', epoch: led, end: 3 });
});

test('records are deleted on all replicas, and a replica that lacks them begins where they end', async () => {
  const stage = await new RunnerStage({ replicas: 3, limits: { lagMsMax: 300 } }).start();
  const send = (sequence: number) => stage.produce(1, testBatch(`s${sequence}`, { id: 7, sequence }));
  for (let sequence = 0; sequence < 40; sequence += 1) await send(sequence);
  stage.cut(3, true);
  for (let sequence = 40; sequence < 120; sequence += 1) await send(sequence);
  const deleting = stage.door(1).deleteRecords({ before: offset(110), leaderEpoch: undefined, deadlineMs: 1e9 });
  expect(await stage.stage.settle(deleting)).toEqual({ type: 'done', start: 110 });
  await stage.pass(1000);
  for (const id of [1, 2]) expect(stage.runner(id).log.localStart).toBeGreaterThan(50);
  expect(await stage.fetch(1, 50)).toMatchObject({
    type: 'refused',
    problem: { type: 'offset-out-of-range', start: 110 },
  });
  stage.cut(3, false);
  await stage.pass(3000);
  expect(stage.runner(3).log.localStart).toBe(stage.runner(1).log.localStart);
  expect(stage.controller.inSync).toEqual([1, 2, 3]);
  // What it was told of producers, it knows after a restart and as a leader as well.
  await stage.stop(3);
  await stage.restart(3);
  await stage.pass(3000);
  expect(stage.controller.moveLeader(stage.machine(3).brokerId)).toBe(true);
  stage.tell();
  await stage.pass(1000);
  expect(await stage.produce(3, testBatch('s119', { id: 7, sequence: 119 }))).toMatchObject({ baseOffset: 119 });
  expect(stage.bugs).toEqual([]);
});

test('a leader whose disk fails says that the outcome is unknown, and steps aside', async () => {
  const stage = await new RunnerStage({ replicas: 1 }).start();
  await produceAll(stage, names(4));
  const { disk } = stage.stage;
  const calm = disk.knobs;
  disk.knobs = { ...calm, fails: { ...calm.fails, sync: 1 } };
  expect(await stage.produce(1, 'on a bad disk')).toEqual({ type: 'outcome-unknown', why: 'log-failed' });
  disk.knobs = calm;
  expect(stage.machine(1).said).toContain('the log failed');
  expect(stage.machine(1).said).toContain('steps aside: another replica should lead this partition');
  expect(await stage.produce(1, 'too late')).toMatchObject({ type: 'refused', problem: { type: 'not-leader' } });
  await stage.stop(1);
  await stage.restart(1);
  await stage.pass(1000);
  expect((await stage.texts(1)).slice(0, 4)).toEqual(names(4));
  expect(stage.bugs).toEqual([]);
});

test('an idle partition has no timer and says nothing', async () => {
  const stage = await new RunnerStage({ replicas: 3 }).start();
  await produceAll(stage, names(3));
  await stage.pass(30_000);
  const [timers, sent] = [stage.timersMade, JSON.stringify([...stage.sent])];
  await stage.pass(3_600_000);
  expect(stage.timersMade).toBe(timers);
  expect(JSON.stringify([...stage.sent])).toBe(sent);
});

test('garbage inside a valid checksum is taken, and comes out as it went in', async () => {
  const stage = await new RunnerStage({ replicas: 1 }).start();
  const batch = testBatch('anything');
  batch.ownedBytes.fill(0xff, 61);
  const view = new DataView(batch.ownedBytes.buffer, batch.ownedBytes.byteOffset);
  view.setUint32(position.checksum, crc32c(batch.ownedBytes.subarray(checksummedFrom)));
  const sent = Uint8Array.from(batch.ownedBytes);
  expect(await stage.produce(1, batch)).toMatchObject({ type: 'done' });
  const read = await stage.fetch(1, 0);
  if (read.type !== 'read') throw new Error(`the fetch ended ${read.type}`);
  expect(new BatchHeader(read.ownedBytes).baseOffset).toBe(0);
  expect(read.ownedBytes.subarray(16)).toEqual(sent.subarray(16));
});

test('a follower without room for anything holds up nothing, and hears the newest positions when it has room', async () => {
  const limits = { followerWindowBytes: 300, lagMsMax: 300 };
  const stage = await new RunnerStage({ replicas: 3, limits }).start();
  await produceAll(stage, ['a']);
  stage.machine(3).isMute = true;
  await produceAll(stage, names(6, 'fills its window'));
  expect(stage.controller.inSync).toEqual([1, 2]);
  stage.hold(3, true);
  await produceAll(stage, names(100));
  expect(stage.machine(3).held?.length).toBe(1);
  stage.machine(3).isMute = false;
  stage.hold(3, false);
  await stage.pass(3000);
  expect(stage.controller.inSync).toEqual([1, 2, 3]);
  expect(await stage.texts(3)).toEqual(await stage.texts(1));
  expect(stage.bugs).toEqual([]);
});

test('what a core has to hear it hears, however much it was asked in the same turn', async () => {
  const stage = await new RunnerStage({ replicas: 1 }).start();
  const asked = { bytesMin: 1, bytesMax: 1, mayFollow: false, leaderEpoch: undefined, deadlineMs: 1e9 };
  const flood = (): void => {
    for (let at = 0; at < 6000; at += 1) void stage.door(1).fetch({ ...asked, from: offset(9) });
    stage.controller.fence(stage.machine(1).brokerId);
    stage.tell();
  };
  const flooding = new Promise<void>((resolve) => {
    stage.door(1).produce({ ...asked, acks: 'all', ownedBatch: testBatch('a').ownedBytes }, () => {
      flood();
      resolve();
    });
  });
  await stage.stage.settle(flooding);
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(stage.runner(1).view.role).toBe('idle');
});

test('a follower that its leader lost without its noticing comes back by itself', async () => {
  const stage = await new RunnerStage({ replicas: 3, limits: { lagMsMax: 300 } }).start();
  await produceAll(stage, names(3));
  await stage.pass(2000);
  stage.cut(3, true, false);
  await produceAll(stage, names(5, 'without-it'));
  await stage.pass(1000);
  expect(stage.controller.inSync).toEqual([1, 2]);
  stage.cut(3, false, false);
  await stage.pass(5000);
  expect(stage.controller.inSync).toEqual([1, 2, 3]);
  expect(await stage.texts(3)).toEqual([...names(3), ...names(5, 'without-it')]);
});

test.each([3, 1])('a lookup that a disk does not answer is refused, of %i replicas', async (replicas) => {
  const stage = await new RunnerStage({ replicas }).start();
  await produceAll(stage, names(4));
  const { disk } = stage.stage;
  const calm = disk.knobs;
  disk.knobs = { ...calm, fails: { ...calm.fails, read: 1 } };
  const looking = stage.door(1).listOffset({ wanted: { type: 'at-time', timestampMs: 1 }, leaderEpoch: undefined });
  expect(await stage.stage.settle(looking)).toMatchObject({ type: 'refused', problem: { type: 'not-leader' } });
  disk.knobs = calm;
  await stage.pass(1000);
  expect(stage.machine(1).said).not.toContain('the log failed');
  expect(stage.leader === 1).toBe(replicas === 1);
  expect(await stage.texts(stage.leader)).toEqual(names(4));
});

test('who produced is told once how it ended, also when the replica goes meanwhile', async () => {
  const stage = await new RunnerStage({ replicas: 3 }).start();
  await produceAll(stage, ['a']);
  const ends: string[] = [];
  const asked = { acks: 'all', leaderEpoch: undefined, deadlineMs: 1e9 } as const;
  const produce = (text: string): void =>
    stage
      .door(1)
      .produce({ ...asked, ownedBatch: testBatch(text).ownedBytes }, (end) => ends.push(`${text} ${end.type}`));
  produce('b');
  await stage.pass(100);
  stage.cut(1, true);
  produce('c');
  await stage.pass(100);
  await stage.stop(1);
  await stage.pass(100);
  expect(ends).toEqual(['b done', 'c outcome-unknown']);
});

test('S7: a batch is never durable before its log says so', async () => {
  const stage = await new RunnerStage({ replicas: 1 }).start();
  const { log, view } = stage.runner(1);
  let written = 0;
  stage
    .door(1)
    .produce({ acks: 'all', ownedBatch: testBatch('a').ownedBytes, leaderEpoch: undefined, deadlineMs: 1e9 }, () => {
      expect(log.position.durable).toBe(1);
      written += 1;
    });
  while (log.position.durable === 0) {
    expect(view.durable).toBe(0);
    await stage.pass(0.01);
  }
  expect(written).toBe(1);
});

test('I3: what a cut takes back of a producer is not remembered of it', async () => {
  const stage = await new RunnerStage({ replicas: 3 }).start();
  await produceAll(stage, names(3));
  const send = (sequence: number, waitMs = 2000) =>
    stage.produce(stage.leader, testBatch(`s${sequence}`, { id: 7, sequence }), { waitMs });
  stage.cut(1, true);
  expect(await send(0, 200)).toEqual({ type: 'outcome-unknown', why: 'timed-out' });
  stage.controller.fence(stage.machine(1).brokerId);
  stage.tell();
  await produceAll(stage, names(5, 't'));
  stage.cut(1, false);
  stage.controller.unfence(stage.machine(1).brokerId);
  stage.tell();
  await stage.pass(3000);
  expect(stage.runner(1).view.generation).toBe(1);
  expect(stage.runner(1).view.producers).toEqual([]);
  expect(await send(0)).toMatchObject({ type: 'done', baseOffset: 8 });
  expect(stage.bugs).toEqual([]);
});

test('files that cannot be removed are told of, and the log goes on', async () => {
  const stage = await new RunnerStage({ replicas: 1, settings: { removalDelayMs: 500 } }).start();
  await produceAll(stage, names(120));
  const deleting = stage.door(1).deleteRecords({ before: offset(110), leaderEpoch: undefined, deadlineMs: 1e9 });
  expect(await stage.stage.settle(deleting)).toEqual({ type: 'done', start: 110 });
  await stage.pass(100);
  expect(stage.runner(1).log.localStart).toBeGreaterThan(50);
  const { disk } = stage.stage;
  const calm = disk.knobs;
  disk.knobs = { ...calm, fails: { ...calm.fails, folder: 1 } };
  await stage.pass(1000);
  disk.knobs = calm;
  expect(stage.machine(1).said).toContain('files of a log cannot be removed');
  await produceAll(stage, ['more']);
  expect(stage.machine(1).said).not.toContain('the log failed');
});
