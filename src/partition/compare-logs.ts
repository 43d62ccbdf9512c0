/**
 * Where two logs part, found by their epochs (KIP-101, KIP-279, KIP-320). Pure; the two sides of one question.
 *
 * An epoch has one leader, which only appends, so within an epoch one log is always a beginning of the other. The
 * follower names the epoch of its last record; the leader answers with the latest epoch up to that one in its own log
 * and where it ends; the follower cuts back to what both can hold of that epoch, and asks again. Every round takes an
 * epoch away, so it ends. Nobody's watermark plays a part in it: a watermark is late news, and records that were
 * acknowledged may lie above.
 */
import { assert } from '../base/assert.ts';
import type { EpochEnd, EpochHistory } from '../base/epoch-history.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';

export interface LogEnds {
  readonly lastEpoch: LeaderEpoch | undefined;
  readonly logEnd: Offset;
}

export interface ComparedLog {
  readonly epochs: EpochHistory;
  readonly localStart: Offset;
  readonly assigned: Offset;
}

export type LogComparison =
  | { readonly type: 'fits' }
  | { readonly type: 'diverged'; readonly epoch: LeaderEpoch; readonly end: Offset }
  | { readonly type: 'reset'; readonly start: Offset };

/** The leader's side: whether a log that ends so is a beginning of this one. */
export function compareWithFollower(own: ComparedLog, { lastEpoch, logEnd }: LogEnds): LogComparison {
  const reset: LogComparison = { type: 'reset', start: own.localStart };
  if (logEnd < own.localStart) return reset;
  if (lastEpoch === undefined) return logEnd <= own.assigned ? { type: 'fits' } : reset;
  const found = own.epochs.endOf(lastEpoch, own.assigned);
  // All that this log holds is of later epochs. What the other has may be right, and is not here to compare.
  if (found === undefined) return reset;
  if (found.epoch === lastEpoch && logEnd <= found.end) return { type: 'fits' };
  return { type: 'diverged', epoch: found.epoch, end: found.end };
}

/** The follower's side: where to cut, given the latest epoch that the leader shares or might share with it. */
export function findCut(own: ComparedLog, leaders: EpochEnd): Offset {
  const found = own.epochs.endOf(leaders.epoch, own.assigned);
  // Without any epoch up to the leader's one, everything here is of later ones.
  if (found === undefined) return own.localStart;
  const cut = found.epoch === leaders.epoch && leaders.end < found.end ? leaders.end : found.end;
  assert(cut <= own.assigned, 'P9: a cut shortens the log', () => ({ cut, leaders, logEnd: own.assigned }));
  return cut;
}
