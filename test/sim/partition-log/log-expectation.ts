/**
 * What one log must hold over all its lives, worked out a second time and more simply: a list of batches, how far they
 * were reported, and where the log may start. Breaking it is an InvariantError that names the promise.
 *
 * A log with flipped bits may refuse what it has lost, if it says so; what it serves is right all the same.
 */
import { assert } from '../../../src/base/assert.ts';
import type { Offset } from '../../../src/base/offsets.ts';
import { BatchHeader } from '../../../src/record/batch-header.ts';
import type { LogPosition } from '../../../src/storage/log-progress.ts';
import type { PartitionLog } from '../../../src/storage/partition-log.ts';
import type { ProducerState } from '../../../src/storage/producer-states.ts';
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
  /** Set while the log begins anew further on: it may be the old one or the new one. */
  restartingAt: Offset | undefined;
  /** Up to there what is known of producers was kept, and nothing of it was cut off since. */
  producersKeptAt: Offset | undefined;
  /** It may be there still, as it was, or not at all. */
  isBeingRemoved = false;
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

  /** What lies beyond may be gone by now. */
  get cutEnd(): number {
    const { truncatingTo } = this;
    if (this.restartingAt !== undefined) return 0;
    return truncatingTo === undefined ? Infinity : (this.keptBelow(truncatingTo).at(-1)?.nextOffset ?? 0);
  }

  /** Nothing of what there was is left. */
  restarted(start: Offset): void {
    this.batches = [];
    this.localStart = start;
    if (start > this.partitionStart) this.partitionStart = start;
    this.startsAtMost = undefined;
    this.producersKeptAt = start;
    this.restartingAt = undefined;
  }

  truncated(kept: StampedBatch[]): void {
    this.batches = kept;
    this.#forgetProducersBeyond(this.truncatingTo ?? 0);
    this.truncatingTo = undefined;
  }

  /** What is kept of producers is what was known at that place of this very log: by its last batch. */
  judgeProducers(log: PartitionLog, state: ProducerState | undefined): void {
    const { producersKeptAt } = this;
    const facts = () => ({
      found: state?.at,
      text: state && textOf(state.ownedBytes),
      producersKeptAt,
      end: log.logEnd,
    });
    const isKept =
      this.isRotten || producersKeptAt === undefined || (state !== undefined && state.at >= producersKeptAt);
    assert(isKept, 'S1: what was kept of producers is there', facts);
    if (state === undefined) return;
    const isTrue = textOf(state.ownedBytes) === this.producersAt(state.at);
    assert(isTrue, 'S4: what is known of producers speaks of nothing that was cut off', facts);
  }

  /** As bytes that only this history has at that place. */
  producersAt(at: Offset): string {
    const last = this.batches.findLast(({ nextOffset }) => nextOffset <= at);
    return `${at} ${last === undefined ? 'nothing' : new BatchHeader(last.ownedBytes).checksum}`;
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
    // An empty log that was to begin anew where it is looks the same either way.
    const isAnew = this.restartingAt !== this.localStart && this.restartingAt === log.localStart;
    if (isAnew) this.restarted(log.localStart);
    this.restartingAt = undefined;
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

  #forgetProducersBeyond(end: number): void {
    if ((this.producersKeptAt ?? 0) > end) this.producersKeptAt = undefined;
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
    const promised = Math.min(this.position.written, this.cutEnd);
    const lost = this.batches.filter(({ nextOffset }) => nextOffset > logEnd);
    for (const { baseOffset, nextOffset } of lost) {
      const facts = () => ({ baseOffset, nextOffset, logEnd, position: this.position, lastEnd: this.lastEnd, report });
      // A truncation takes a damaged range with it that reaches beyond.
      const isSaid =
        this.isRotten &&
        (this.startsBegun > 1 || this.truncatingTo !== undefined || (report.dropped?.from ?? Infinity) <= baseOffset);
      assert(isSaid || nextOffset > promised, 'S1: nothing is lost that was reported', facts);
      assert(baseOffset >= logEnd, 'S1: a batch is kept whole or not at all', facts);
    }
    this.batches = this.batches.slice(0, this.batches.length - lost.length);
    this.#forgetProducersBeyond(Math.min(logEnd, this.truncatingTo ?? logEnd));
    const last = this.batches.at(-1);
    if (this.isRotten) return;
    const end = Math.max(last?.nextOffset ?? 0, localStart);
    assert(logEnd === end, 'S1: a log ends where what was appended ends', () => ({ logEnd, end, localStart }));
    if (last !== undefined && last.nextOffset > localStart)
      assert(latestEpoch === last.leaderEpoch, 'S13: the epoch of a log is that of its last batch', { latestEpoch });
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
