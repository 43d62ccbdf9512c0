/**
 * What a start finds in the folder of a log, set against what the checkpoint remembers: which segments are the log,
 * which have been lost, and which are left over from something that was interrupted.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import type { DamagedRange } from './damaged-range.ts';
import type { LogCheckpoint } from './log-checkpoint.ts';
import type { SegmentFacts } from './segment.ts';
import { deletedEnding, findOffsetInName, partialEnding } from './segment-names.ts';

export interface FolderContent {
  /** Of the `.log` files, in their order. */
  readonly bases: readonly Offset[];
  readonly partial: readonly string[];
  readonly deleted: readonly string[];
  readonly dropped: readonly string[];
}

export const droppedPrefix = 'dropped-';

export function sortNames(names: readonly string[]): FolderContent {
  const bases = names.flatMap((name) => findOffsetInName(name, '.log') ?? []);
  return {
    bases: bases.toSorted((a, b) => a - b),
    partial: names.filter((name) => name.endsWith(partialEnding)),
    deleted: names.filter((name) => name.endsWith(deletedEnding)),
    dropped: names.filter((name) => name.startsWith(droppedPrefix) && !name.endsWith(partialEnding)),
  };
}

export interface Inventory {
  /** Sealed, and known by the checkpoint; trusted as they are until somebody reads them. */
  readonly sealed: readonly SegmentFacts[];
  /** To be looked at from the recovery point on: the one that was active, and those that were begun after it. */
  readonly toScan: readonly Offset[];
  /** Files that are no part of the log: their removal was begun. */
  readonly leftOver: readonly Offset[];
  /** Sealed segments whose files are gone from within the log. */
  readonly lost: readonly DamagedRange[];
  /** Where the log starts now that its first files are gone; undefined when they are there. */
  readonly startsAt: Offset | undefined;
}

/** When no checkpoint can be read: everything is looked at, and nothing is known to be durable but by its stamps. */
export function checkpointOfNothing(first: Offset): LogCheckpoint {
  return {
    sequence: 0,
    generation: 0,
    localStart: first,
    partitionStart: first,
    isTruncating: false,
    active: { base: first, position: 0, offset: first, firstTimestampMs: -1, maxTimestampMs: -1 },
    epochs: [],
    sealed: [],
    damaged: [],
  };
}

/** What lies beyond a cut that was decided is no part of the log any more. */
export function basesOfLog({ isTruncating, active }: LogCheckpoint, bases: readonly Offset[]): readonly Offset[] {
  return isTruncating ? bases.filter((base) => base <= active.base) : bases;
}

export function takeInventory(checkpoint: LogCheckpoint, bases: readonly Offset[]): Inventory {
  const there = new Set<number>(bases);
  const { active, sealed } = checkpoint;
  const known = new Set<number>(sealed.map(({ base }) => base));
  const firstThere = sealed.findIndex(({ base }) => there.has(base));
  // A removal goes from the oldest on, so a gap at the front is one that the checkpoint does not know of yet.
  const kept = firstThere < 0 ? [] : sealed.slice(firstThere);
  const lost = kept.filter(({ base }) => !there.has(base)).map(wholeSegment);
  const toScan = [active.base, ...bases.filter((base) => base > active.base)];
  assert(
    toScan.every((base, at) => at === 0 || base > (toScan[at - 1] ?? 0)),
    'segments are in order',
    { toScan },
  );
  return {
    sealed: kept,
    toScan,
    leftOver: bases.filter((base) => base < active.base && !known.has(base)),
    lost,
    startsAt: kept.length === sealed.length ? undefined : (kept[0]?.base ?? active.base),
  };
}

export function wholeSegment({ base, next, sizeBytes }: SegmentFacts): DamagedRange {
  return { segment: base, position: 0, endPosition: sizeBytes, from: base, to: next };
}
