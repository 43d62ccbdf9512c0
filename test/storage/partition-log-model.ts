/**
 * What a partition log must hold, worked out a second time and more simply: an array of batches and two numbers.
 */
import { expect } from 'vitest';
import { leaderEpoch, offset, type Offset } from '../../src/base/offsets.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import type { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { LogDisk } from '../../src/storage/log-disk.ts';
import type { LogPosition } from '../../src/storage/log-progress.ts';
import { logSettingsDefault, type FlushPolicy, type LogSettings } from '../../src/storage/log-settings.ts';
import { PartitionLog, type PartitionLogOptions } from '../../src/storage/partition-log.ts';
import { stampedBatch, type StampedBatch } from '../../src/storage/stamped-batch.ts';
import { batchOf, someTimeMs } from '../record/batch-fixture.ts';
import { stageFolder, type StorageStage } from './storage-stage.ts';

export const logFolder = `${stageFolder}/partitions/orders-0`;

/** So small that everything happens within a few batches. */
export const tinySettings: LogSettings = {
  ...logSettingsDefault,
  flush: { type: 'never' },
  segmentBytesMax: 1500,
  indexEveryBytes: 250,
  recoverBytesMax: 700,
  gatherBytesMax: 600,
  removalDelayMs: 20,
  droppedFilesMax: 2,
};

export async function openLog(stage: StorageStage, options: Partial<PartitionLogOptions> = {}): Promise<PartitionLog> {
  const on = new LogDisk(stage.ports.disk, { openFilesMax: 3, flushesMax: 1, indexBytesMax: 2000 });
  const opened = await PartitionLog.open({
    on,
    path: logFolder,
    clock: stage.clock,
    settings: tinySettings,
    ...options,
  });
  if (!opened.ok) throw new Error(`the log is refused: ${JSON.stringify(opened.problem)}`);
  return opened.value;
}

export function makeBatch(
  place: { readonly at: number; readonly epoch?: number; readonly records?: number; readonly timestampMs?: number },
  text = 'some text',
): StampedBatch {
  const { at, epoch = 1, records = 1, timestampMs = someTimeMs } = place;
  const values = Array.from({ length: records }, (_, n) => ({ key: null, value: `${text} ${n}`, timestampMs }));
  const bytes = batchOf(values);
  new BatchHeader(bytes).stamp({ baseOffset: offset(at), leaderEpoch: leaderEpoch(epoch) });
  return stampedBatch(bytes);
}

/** All that the log serves, each batch as its own bytes, in reads of that size. */
export async function readAll(
  log: PartitionLog,
  bytesMax = 500,
  from = log.localStart,
): Promise<readonly Uint8Array[]> {
  const batches: Uint8Array[] = [];
  for (let at: Offset = from; ;) {
    const read = await log.read({ from: at, bytesMax, check: bytesMax % 2 === 0 ? 'whole' : 'stamps' });
    if (!read.ok) throw new Error(`the read is refused: ${JSON.stringify(read.problem)}`);
    const { ownedBytes, nextOffset } = read.value;
    if (ownedBytes.length === 0) return batches;
    for (let start = 0; start < ownedBytes.length;) {
      const end = start + new BatchHeader(ownedBytes, start).sizeBytes;
      batches.push(ownedBytes.subarray(start, end));
      start = end;
    }
    at = nextOffset;
  }
}

/** One log over all its lives, and what is known of it from outside. */
export class LogHistory {
  readonly stage: StorageStage;
  /** In the log, or on their way; the last ones may be lost by a crash. */
  batches: StampedBatch[] = [];
  localStart = offset(0);
  partitionStart = offset(0);
  /** Reported: below them nothing may be lost, by a power cut or by a crash of the process. */
  durable = offset(0);
  written = offset(0);
  generation = 0;
  /** Set while the end or the start of the log is being moved: then both are possible. */
  truncatingTo: Offset | undefined;
  startingAtMost: { readonly local: Offset; readonly partition: Offset } | undefined;
  #made = 0;

  constructor(stage: StorageStage) {
    this.stage = stage;
  }

  get end(): Offset {
    return this.batches.at(-1)?.nextOffset ?? this.localStart;
  }

  async open(flush: FlushPolicy): Promise<PartitionLog> {
    const settings = { ...tinySettings, flush };
    const log = await openLog(this.stage, { settings, onProgress: (position) => this.hear(position) });
    await this.#judge(log);
    return log;
  }

  hear({ generation, written, durable }: LogPosition): void {
    expect(generation).toBeGreaterThanOrEqual(this.generation);
    expect(durable).toBeLessThanOrEqual(written);
    if (generation === this.generation) expect(durable).toBeGreaterThanOrEqual(this.durable);
    Object.assign(this, { generation, written, durable });
  }

  drawBatch(random: SimulatedRandom): StampedBatch {
    const at = this.end + (random.chance(0.15) ? random.integerBetween(1, 5) : 0);
    const latest = this.batches.at(-1)?.leaderEpoch ?? 1;
    const epoch = latest + (random.chance(0.2) ? 1 : 0);
    this.#made += 1;
    const timestampMs = someTimeMs + this.#made * 10;
    const text = `${this.#made}`.padEnd(random.chance(0.05) ? 900 : random.integerBelow(200), 'x');
    const batch = makeBatch({ at, epoch, records: random.integerBetween(1, 3), timestampMs }, text);
    this.batches.push(batch);
    return batch;
  }

  /** What a truncation leaves, and what one that was interrupted may leave. */
  keptBelow(to: Offset): StampedBatch[] {
    return this.batches.filter(({ nextOffset }) => nextOffset <= to);
  }

  async expectServed(log: PartitionLog, bytesMax: number): Promise<void> {
    const { written } = log.position;
    const wanted = this.batches.filter(({ nextOffset }) => nextOffset > log.localStart && nextOffset <= written);
    const found = await readAll(log, bytesMax);
    expect(found.slice(0, wanted.length).map(asText)).toEqual(wanted.map(({ ownedBytes }) => asText(ownedBytes)));
  }

  /** The power is gone: what was only written may be lost as well. */
  cut(): void {
    this.written = this.durable;
  }

  /** A log that was opened again, against all that was known before. */
  async #judge(log: PartitionLog): Promise<void> {
    const { damaged, lostStart } = log.report;
    expect({ damaged, lostStart }).toEqual({ damaged: [], lostStart: undefined });
    const most = this.startingAtMost ?? { local: this.localStart, partition: this.partitionStart };
    expectWithin(log.localStart, this.localStart, most.local);
    expectWithin(log.partitionStart, this.partitionStart, most.partition);
    const cutEnd =
      this.truncatingTo === undefined ? Infinity : (this.keptBelow(this.truncatingTo).at(-1)?.nextOffset ?? 0);
    const found = await readAll(log, 400);
    const held = this.batches.filter(({ nextOffset }) => nextOffset > log.localStart);
    expect(found.map(asText)).toEqual(held.slice(0, found.length).map(({ ownedBytes }) => asText(ownedBytes)));
    const lost = held.slice(found.length).find(({ nextOffset }) => nextOffset <= Math.min(this.written, cutEnd));
    expect(lost, 'a batch below what was reported is lost').toBeUndefined();
    this.batches = held.slice(0, found.length);
    this.localStart = log.localStart;
    this.partitionStart = log.partitionStart;
    this.truncatingTo = undefined;
    this.startingAtMost = undefined;
    this.hear(log.position);
  }
}

function expectWithin(found: Offset, least: Offset, most: Offset): void {
  expect(found).toBeGreaterThanOrEqual(least);
  expect(found).toBeLessThanOrEqual(most);
}

function asText(bytes: Uint8Array): string {
  const { baseOffset, leaderEpoch: epoch } = new BatchHeader(bytes);
  return `${baseOffset}/${epoch} ${Buffer.from(bytes).toString('latin1')}`;
}
