/**
 * What one log must hold over all its lives, worked out a second time and more simply: a list of batches, how far they
 * were reported, and where the log may start. Breaking it is an InvariantError that names the promise.
 *
 * A log with flipped bits may refuse what it has lost, if it says so; what it serves is right all the same.
 */
import { assert } from '../../../src/base/assert.ts';
import type { Offset } from '../../../src/base/offsets.ts';
import type { LogPosition } from '../../../src/storage/log-progress.ts';
import type { PartitionLog } from '../../../src/storage/partition-log.ts';
import type { StampedBatch } from '../../../src/storage/stamped-batch.ts';

/** How the life before a start has ended, as far as its disk has noticed. */
export type LastEnd = 'never lived' | 'closed' | 'failed' | 'crashed' | 'lost power';

export class LogExpectation {
  /** In the log or on their way, in their order; the last ones may be lost with the process. */
  batches: StampedBatch[] = [];
  /** As reported by this life. */
  position: LogPosition;
  localStart: Offset;
  partitionStart: Offset;
  /** Set while a start is being moved: how far it may be by now. */
  startsAtMost: { readonly local: Offset; readonly partition: Offset } | undefined;
  /** Set while the end is being cut off: both ends are possible. */
  truncatingTo: Offset | undefined;
  wasOpened = false;
  lastEnd: LastEnd = 'never lived';
  isRotten = false;
  /** Since the last one that came to its end. What one has dropped that was cut short no report says any more. */
  startsBegun = 0;

  constructor(startAt: Offset) {
    this.position = { generation: 0, written: startAt, durable: startAt };
    this.localStart = startAt;
    this.partitionStart = startAt;
  }

  /** Nobody asked the log to keep what had not been written, nor the disk what had not been synced. */
  processEnded(ending: 'crashed' | 'lost power'): void {
    if (ending === 'lost power' || (this.lastEnd !== 'closed' && this.lastEnd !== 'lost power')) this.lastEnd = ending;
    if (ending === 'lost power') this.position = { ...this.position, written: this.position.durable };
  }

  hear(next: LogPosition): void {
    const { generation, written, durable } = this.position;
    const facts = { before: this.position, next };
    assert(next.durable <= next.written, 'S7: what is durable was written', facts);
    assert(next.generation >= generation, 'S13: generations only go up', facts);
    const isSame = next.generation === generation;
    assert(!isSame || (next.written >= written && next.durable >= durable), 'S13: a log does not go back', facts);
    this.position = next;
  }

  /** What a truncation leaves. */
  keptBelow(end: Offset): StampedBatch[] {
    return this.batches.filter(({ nextOffset }) => nextOffset <= end);
  }

  get truncatedEnd(): number {
    const { truncatingTo } = this;
    return truncatingTo === undefined ? Infinity : (this.keptBelow(truncatingTo).at(-1)?.nextOffset ?? 0);
  }

  /** Against all that was reported before. What it holds is looked at by reads. */
  judgeOpened(log: PartitionLog): void {
    const { report, logEnd } = log;
    const { isRotten } = this;
    const facts = () => ({ report, logEnd, position: this.position, truncatingTo: this.truncatingTo });
    assert(!report.wasCreated || !this.wasOpened, 'S1: a log that was there is not begun anew', facts);
    if (!isRotten) {
      assert(report.damaged.length === 0 && log.damaged.length === 0, 'S3: nothing whole is called damaged', facts);
      assert(report.lostStart === undefined, 'S3: no segment is missed that was not lost', facts);
      const isLost = report.rebuilt.includes('checkpoint') && this.wasOpened;
      assert(!isLost, 'S8: no crash loses both checkpoints', facts);
    }
    if (this.lastEnd === 'closed' && !isRotten)
      assert(report.scannedBytes === 0, 'a start after an end in order has nothing to look at', facts);
    this.#judgeStarts(log);
    this.#judgeEnd(log);
    assert(
      log.position.written === logEnd && log.position.durable === logEnd,
      'all that a log holds when it is opened is durable',
      facts,
    );
    const hasForgotten = isRotten && report.rebuilt.includes('checkpoint');
    assert(hasForgotten || log.position.generation >= this.position.generation, 'S13: generations only go up', facts);
    this.position = log.position;
    this.truncatingTo = undefined;
    this.startsAtMost = undefined;
    this.wasOpened = true;
    this.lastEnd = 'crashed';
    this.startsBegun = 0;
  }

  #judgeStarts(log: PartitionLog): void {
    const { report, localStart, partitionStart } = log;
    const most = this.startsAtMost ?? { local: this.localStart, partition: this.partitionStart };
    const facts = () => ({ localStart, partitionStart, most, known: [this.localStart, this.partitionStart] });
    const hasForgotten = this.isRotten && report.rebuilt.includes('checkpoint');
    const isBack = localStart < this.localStart || partitionStart < this.partitionStart;
    assert(hasForgotten || !isBack, 'S13: the starts of a log never go back', facts);
    const isLost = report.lostStart !== undefined || hasForgotten;
    assert(isLost || localStart <= most.local, 'S1: nothing is let go at the front that nobody let go', facts);
    assert(hasForgotten || partitionStart <= most.partition, 'S1: a start is moved by its owner alone', facts);
    this.localStart = localStart;
    this.partitionStart = partitionStart;
  }

  #judgeEnd({ report, logEnd, localStart, latestEpoch }: PartitionLog): void {
    const promised = Math.min(this.position.written, this.truncatedEnd);
    const lost = this.batches.filter(({ nextOffset }) => nextOffset > logEnd);
    for (const { baseOffset, nextOffset } of lost) {
      const facts = () => ({ baseOffset, nextOffset, logEnd, position: this.position, lastEnd: this.lastEnd, report });
      const isSaid = this.isRotten && (this.startsBegun > 1 || (report.dropped?.from ?? Infinity) <= baseOffset);
      assert(isSaid || nextOffset > promised, 'S1: nothing is lost that was reported', facts);
      assert(baseOffset >= logEnd, 'S1: a batch is kept whole or not at all', facts);
    }
    this.batches = this.batches.slice(0, this.batches.length - lost.length);
    const last = this.batches.at(-1);
    if (this.isRotten) return;
    const end = Math.max(last?.nextOffset ?? 0, localStart);
    assert(logEnd === end, 'S1: a log ends where what was appended ends', () => ({ logEnd, end, localStart }));
    if (last !== undefined && last.nextOffset > localStart)
      assert(latestEpoch === last.leaderEpoch, 'S13: the epoch of a log is that of its last batch', { latestEpoch });
  }
}
