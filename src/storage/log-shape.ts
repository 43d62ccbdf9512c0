/**
 * The log as it lies on the disk, in memory: its segments, epochs and starts, and what of it is damaged.
 *
 *   partition start    local start                                    active.end
 *        v                v                                               v
 *        |  (elsewhere)   | sealed | sealed | … | sealed | active ........|
 *
 * The local start is what this disk holds, the start of the partition what consumers may read; either may be the larger
 * one, and both only go up (S13). Changes of the list of segments happen within barriers.
 */
import { assert } from '../base/assert.ts';
import { EpochHistory } from '../base/epoch-history.ts';
import type { Offset } from '../base/offsets.ts';
import { damagedRangesMax, type DamagedRange } from './damaged-range.ts';
import type { LogCheckpoint, RecoveryPoint } from './log-checkpoint.ts';
import type { ActiveSegment, SegmentFacts } from './segment.ts';

export class LogShape {
  readonly epochs: EpochHistory;
  #sealed: SegmentFacts[];
  #active: ActiveSegment;
  #localStart: Offset;
  #partitionStart: Offset;
  #damaged: readonly DamagedRange[];
  #recoveryPoint: RecoveryPoint;

  constructor(
    found: Pick<LogCheckpoint, 'localStart' | 'partitionStart' | 'epochs' | 'sealed' | 'damaged'>,
    active: ActiveSegment,
  ) {
    this.epochs = new EpochHistory(found.epochs);
    this.#sealed = [...found.sealed];
    this.#active = active;
    this.#localStart = found.localStart;
    this.#partitionStart = found.partitionStart;
    this.#damaged = found.damaged;
    this.#recoveryPoint = recoveryPointAt(active);
    this.#assertOrdered();
  }

  get sealed(): readonly SegmentFacts[] {
    return this.#sealed;
  }

  get active(): ActiveSegment {
    return this.#active;
  }

  get localStart(): Offset {
    return this.#localStart;
  }

  get partitionStart(): Offset {
    return this.#partitionStart;
  }

  get damaged(): readonly DamagedRange[] {
    return this.#damaged;
  }

  get recoveryPoint(): RecoveryPoint {
    return this.#recoveryPoint;
  }

  /** The last segment that begins at or before an offset. */
  segmentAt(offset: Offset): SegmentFacts | undefined {
    if (offset >= this.#active.base) return this.#active.facts;
    let low = 0;
    let high = this.#sealed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sealed[middle]?.base ?? Infinity) <= offset) low = middle + 1;
      else high = middle;
    }
    return this.#sealed[low - 1];
  }

  /** Whoever reads may ask after one that was cut off or let go meanwhile. */
  segmentAfter(base: Offset): SegmentFacts | undefined {
    const next = this.#sealed.find((segment) => segment.base > base);
    return next ?? (this.#active.base > base ? this.#active.facts : undefined);
  }

  /** What a checkpoint says now. Epochs whose first batch lies beyond the recovery point are found again there. */
  checkpoint(sequence: number, generation: number, isTruncating = false): LogCheckpoint {
    const { offset } = this.#recoveryPoint;
    return {
      sequence,
      generation,
      localStart: this.#localStart,
      partitionStart: this.#partitionStart,
      isTruncating,
      active: this.#recoveryPoint,
      epochs: this.epochs.starts.filter(({ start }) => start < offset),
      sealed: this.#sealed,
      damaged: this.#damaged,
    };
  }

  /** Everything in the active segment up to there is durable, its stamps included. */
  moveRecoveryPoint(point: RecoveryPoint): void {
    assert(
      point.base === this.#active.base && point.position <= this.#active.sizeBytes,
      'S7: a start may trust what is before the recovery point',
      () => ({
        ...point,
        active: this.#active.facts,
      }),
    );
    this.#recoveryPoint = point;
  }

  /** The active segment is sealed, whole and durable; the next begins at the log's end. */
  roll(next: ActiveSegment): void {
    assert(
      next.base === this.#active.end.offset && next.base > this.#active.base,
      'a segment begins where the one before it ends',
      () => ({
        next: next.base,
        active: this.#active.facts,
      }),
    );
    this.#sealed.push(this.#active.facts);
    this.#active = next;
    this.#recoveryPoint = recoveryPointAt(next);
  }

  /** `active`, cut already, is the last segment that is left. */
  truncate(active: ActiveSegment): void {
    const end = active.end.offset;
    assert(end >= this.#localStart, 'S13: a log is not truncated below its start', {
      end,
      localStart: this.#localStart,
    });
    this.#sealed = this.#sealed.filter(({ base }) => base < active.base);
    this.#active = active;
    this.#recoveryPoint = recoveryPointAt(active);
    this.#damaged = this.#damaged.flatMap((range) => cutRange(range, active));
    this.epochs.truncateTo(end);
    this.#assertOrdered();
  }

  /** Nothing of what there was is part of the log any more: it begins again with this segment, which is empty. */
  restart(active: ActiveSegment): void {
    const start = active.base;
    assert(start >= this.#active.end.offset && active.sizeBytes === 0, 'S13: a log that restarts does so further on', {
      start,
      end: this.#active.end.offset,
    });
    this.epochs.truncateTo(this.epochs.starts[0]?.start ?? start);
    this.#sealed = [];
    this.#damaged = [];
    this.#active = active;
    this.#localStart = start;
    if (start > this.#partitionStart) this.#partitionStart = start;
    this.#recoveryPoint = recoveryPointAt(active);
  }

  movePartitionStart(start: Offset): void {
    assert(start >= this.#partitionStart, 'S13: the start of a partition never goes back', {
      start,
      before: this.#partitionStart,
    });
    this.#partitionStart = start;
  }

  /** Returns the segments that lie wholly below, which are no part of the log any more. */
  moveLocalStart(start: Offset): readonly SegmentFacts[] {
    assert(start >= this.#localStart && start <= this.#active.end.offset, 'S13: the start of a log never goes back', {
      start,
      before: this.#localStart,
    });
    this.#localStart = start;
    const firstKept = this.#sealed.findIndex((_, at) => this.#nextBase(at) > start);
    const dropped = this.#sealed.splice(0, firstKept < 0 ? this.#sealed.length : firstKept);
    this.#damaged = this.#damaged.filter(({ segment }) => !dropped.some(({ base }) => base === segment));
    this.#forgetEpochsBefore(this.#sealed[0]?.base ?? this.#active.base);
    return dropped;
  }

  /** True when it was not known. Overlapping ranges become one. */
  addDamage(range: DamagedRange): boolean {
    assert(range.endPosition > range.position && range.to >= range.from, 'S3: a damaged range has an extent', () => ({
      ...range,
    }));
    const known = this.#damaged.some((other) => isWithin(range, other));
    if (known) return false;
    const apart = this.#damaged.filter((other) => !overlap(range, other));
    const joined = this.#damaged.filter((other) => overlap(range, other)).reduce(joinRanges, range);
    const all = [...apart, joined];
    this.#damaged = all.length > damagedRangesMax ? joinWithin(range.segment, all) : all;
    return true;
  }

  /** A sealed segment was looked at: what of it is damaged now, and what its index says of its times. */
  replaceSealed(facts: SegmentFacts, damaged: readonly DamagedRange[]): void {
    const at = this.#sealed.findIndex(({ base }) => base === facts.base);
    const before = this.#sealed[at];
    assert(
      before !== undefined && before.next === facts.next && before.sizeBytes === facts.sizeBytes,
      'S3: a segment that is mended is as long as it was',
      () => ({ before, facts }),
    );
    this.#sealed[at] = facts;
    this.#damaged = [...this.#damaged.filter(({ segment }) => segment !== facts.base), ...damaged];
  }

  /** The epoch that reaches across keeps its beginning: a checkpoint says by it which epochs are checked. */
  #forgetEpochsBefore(base: Offset): void {
    const reaching = this.epochs.starts.findLast(({ start }) => start <= base);
    if (reaching !== undefined) this.epochs.startAt(reaching.start);
  }

  #nextBase(at: number): Offset {
    return this.#sealed[at + 1]?.base ?? this.#active.base;
  }

  #assertOrdered(): void {
    const bases = [...this.#sealed, this.#active.facts];
    for (let at = 1; at < bases.length; at += 1) {
      const [before, after] = [bases[at - 1], bases[at]];
      assert(
        before !== undefined && after !== undefined && before.next <= after.base && before.base < after.base,
        'S13: segments follow on one another',
        () => ({ before, after }),
      );
    }
  }
}

export function recoveryPointAt(active: ActiveSegment): RecoveryPoint {
  const { base, end, firstTimestampMs, facts } = active;
  return { base, ...end, firstTimestampMs, maxTimestampMs: facts.maxTimestampMs };
}

function cutRange(range: DamagedRange, active: ActiveSegment): readonly DamagedRange[] {
  if (range.segment < active.base) return [range];
  const { position, offset } = active.end;
  if (range.segment > active.base || range.position >= position) return [];
  return range.endPosition <= position ? [range] : [{ ...range, endPosition: position, to: offset }];
}

function isWithin(inner: DamagedRange, outer: DamagedRange): boolean {
  return inner.segment === outer.segment && inner.position >= outer.position && inner.endPosition <= outer.endPosition;
}

function overlap(one: DamagedRange, other: DamagedRange): boolean {
  return one.segment === other.segment && one.position < other.endPosition && other.position < one.endPosition;
}

function joinWithin(segment: Offset, ranges: readonly DamagedRange[]): readonly DamagedRange[] {
  const [first, ...rest] = ranges.filter((range) => range.segment === segment);
  const others = ranges.filter((range) => range.segment !== segment);
  return first === undefined ? others : [...others, rest.reduce(joinRanges, first)];
}

function joinRanges(one: DamagedRange, other: DamagedRange): DamagedRange {
  const [first, second] = one.position <= other.position ? [one, other] : [other, one];
  const last = first.endPosition >= second.endPosition ? first : second;
  return { ...first, endPosition: last.endPosition, to: last.to };
}
