/**
 * Random walks of one log against an array of batches, one step after the other on a disk that never fails, so that
 * each answer is known to the byte. What happens at once, and what disks do, is `test/sim/partition-log`'s.
 *
 * A failure prints the seed and the path that replay it, and the shortest walk that shows it. LOG_WALKS=n takes n walks.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { leaderEpoch, offset, type Offset } from '../../src/base/offsets.ts';
import { LogDisk } from '../../src/storage/log-disk.ts';
import type { LogSettings } from '../../src/storage/log-settings.ts';
import { PartitionLog } from '../../src/storage/partition-log.ts';
import type { StampedBatch } from '../../src/storage/stamped-batch.ts';
import { MemoryDisk } from '../log-damage/memory-disk.ts';
import { someTimeMs } from '../record/batch-fixture.ts';
import { makeBatch, readAll, tinySettings } from './partition-log-model.ts';

type Step =
  | { readonly type: 'append'; readonly batches: readonly NewBatch[] }
  | { readonly type: 'truncate' | 'move local start' | 'move partition start' | 'begin anew'; readonly by: number }
  | { readonly type: 'let go'; readonly bytesMax: number | undefined; readonly ageMs: number | undefined }
  | { readonly type: 'roll' | 'flush' | 'close' | 'crash' }
  | { readonly type: 'settings'; readonly segmentBytesMax: number; readonly indexEveryBytes: number };

interface NewBatch {
  readonly gap: number;
  readonly epochsUp: number;
  readonly records: number;
  readonly valueBytes: number;
  readonly lateMs: number;
}

const newBatch: fc.Arbitrary<NewBatch> = fc.record({
  gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(5)),
  epochsUp: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(2)),
  records: fc.integer({ min: 1, max: 3 }),
  valueBytes: fc.oneof({ weight: 5, arbitrary: fc.nat(150) }, fc.nat(1500)),
  lateMs: fc.nat(40),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      batches: fc.array(newBatch, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('truncate' as const), by: fc.nat(40) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('move local start' as const, 'move partition start' as const),
      by: fc.nat(60),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('begin anew' as const), by: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('let go' as const),
      bytesMax: fc.option(fc.nat(5000), { nil: undefined }),
      ageMs: fc.option(fc.nat(300), { nil: undefined }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom('roll' as const, 'flush' as const, 'close' as const, 'crash' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('settings' as const),
      segmentBytesMax: fc.integer({ min: 200, max: 4000 }),
      indexEveryBytes: fc.integer({ min: 1, max: 800 }),
    }),
  },
);

class Walk {
  readonly #disk = new MemoryDisk();
  #settings: LogSettings = tinySettings;
  #log: PartitionLog | undefined;
  #batches: readonly StampedBatch[] = [];
  #partitionStart = 0;
  #localStart = 0;
  #made = 0;

  get #open(): PartitionLog {
    if (this.#log === undefined) throw new Error('a walk begins with a log');
    return this.#log;
  }

  async start(): Promise<void> {
    const on = new LogDisk(this.#disk, { openFilesMax: 3, flushesMax: 1, indexBytesMax: 500 });
    const clock = { monotonicMs: () => 0, callAfterMs: () => ({ cancel: () => {} }) };
    const opened = await PartitionLog.open({ on, path: 'log', clock, settings: this.#settings });
    if (!opened.ok) throw new Error('the log is refused');
    this.#log = opened.value;
    expect(opened.value.report).toMatchObject({ damaged: [], dropped: undefined, lostStart: undefined });
  }

  async take(next: Step): Promise<void> {
    const log = this.#open;
    switch (next.type) {
      case 'append':
        await log.append(next.batches.map((batch) => this.#make(batch)));
        break;
      case 'truncate':
        await this.#truncate(offset(Math.max(log.localStart, log.logEnd - next.by)));
        break;
      case 'move local start':
        await log.flush().then(() => log.moveLocalStart(offset(Math.min(log.logEnd, next.by))));
        this.#localStart = Math.max(this.#localStart, log.segments.findLast(({ base }) => base <= next.by)?.base ?? 0);
        break;
      case 'move partition start':
        await log.movePartitionStart(offset(next.by));
        this.#partitionStart = Math.max(this.#partitionStart, next.by);
        break;
      case 'begin anew':
        await this.#beginAnew(offset(log.logEnd + next.by));
        break;
      case 'let go':
        await this.#letGo(next);
        break;
      case 'roll':
        await log.roll();
        break;
      case 'flush':
        await log.flush();
        expect(log.position.durable).toBe(log.logEnd);
        break;
      case 'close':
        await log.close();
        await this.start();
        expect(this.#open.report.scannedBytes).toBe(0);
        break;
      case 'crash':
        await this.start();
        break;
      case 'settings':
        this.#settings = { ...this.#settings, ...next };
        log.changeSettings(this.#settings);
    }
  }

  async check(): Promise<void> {
    const log = this.#open;
    const held = this.#batches.filter(({ baseOffset }) => baseOffset >= this.#localStart);
    expect([log.localStart, log.partitionStart]).toEqual([this.#localStart, this.#partitionStart]);
    expect(log.logEnd).toBe(Math.max(held.at(-1)?.nextOffset ?? 0, log.localStart));
    for (const bytesMax of [1, 700])
      expect((await readAll(log, bytesMax)).map(textOf)).toEqual(held.map(({ ownedBytes }) => textOf(ownedBytes)));
    const timestampMs = held.at(held.length >> 1)?.maxTimestampMs ?? 0;
    const found = await log.findByTime(timestampMs);
    const wanted = held.find(({ maxTimestampMs }) => maxTimestampMs >= timestampMs);
    expect(found.ok && found.value?.baseOffset).toBe(wanted?.baseOffset);
    for (const epoch of new Set(held.map((batch) => batch.leaderEpoch))) {
      const end = held.find((batch) => batch.leaderEpoch > epoch)?.baseOffset ?? log.logEnd;
      expect(log.endOfEpoch(epoch)).toEqual({ epoch, end });
    }
  }

  #make({ gap, epochsUp, records, valueBytes, lateMs }: NewBatch): StampedBatch {
    const last = this.#batches.at(-1);
    this.#made += 1;
    const at = Math.max(last?.nextOffset ?? 0, this.#localStart) + gap;
    const epoch = leaderEpoch((last?.leaderEpoch ?? this.#open.latestEpoch ?? 1) + epochsUp);
    const timestampMs = someTimeMs + this.#made * 10 + lateMs;
    const batch = makeBatch({ at, epoch, records, timestampMs }, `${this.#made}`.padEnd(valueBytes, 'x'));
    this.#batches = [...this.#batches, batch];
    return batch;
  }

  async #truncate(to: Offset): Promise<void> {
    const end = await this.#open.truncate(to);
    this.#batches = this.#batches.filter(({ nextOffset }) => nextOffset <= to);
    expect(end).toBe(this.#open.logEnd);
  }

  async #beginAnew(start: Offset): Promise<void> {
    await this.#open.restartAt(start, Uint8Array.of(1));
    this.#batches = [];
    this.#localStart = start;
    this.#partitionStart = Math.max(this.#partitionStart, start);
  }

  /** As much as the rule lets go, in whole segments, from the front. */
  async #letGo({
    bytesMax,
    ageMs,
  }: {
    readonly bytesMax: number | undefined;
    readonly ageMs: number | undefined;
  }): Promise<void> {
    const log = this.#open;
    await log.flush();
    const { segments } = log;
    const keepFromMs = ageMs === undefined ? undefined : someTimeMs + this.#made * 10 - ageMs;
    for (const [at, { maxTimestampMs }] of segments.slice(0, -1).entries()) {
      const rest = segments.slice(at + 1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const isOld = keepFromMs !== undefined && maxTimestampMs < keepFromMs;
      if (!isOld && !(bytesMax !== undefined && rest >= bytesMax)) break;
      this.#localStart = segments[at + 1]?.base ?? 0;
    }
    expect(await log.retain({ bytesMax, keepFromMs, below: log.logEnd })).toBe(this.#localStart);
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

test('whatever is done to a log, it holds what an array of batches would', { timeout: 3_600_000 }, async () => {
  const walks = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
    const walk = new Walk();
    await walk.start();
    for (const next of steps) {
      await walk.take(next);
      await walk.check();
    }
  });
  await fc.assert(walks, { numRuns: Number(process.env['LOG_WALKS'] ?? 25) });
});
