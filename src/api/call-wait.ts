/**
 * How long a node waits for the quorum on behalf of a call.
 */
import type { Clock } from '../ports/clock.ts';

/** For a caller that sets no deadline. */
export const waitMsDefault = 10_000;
/** However patient the caller is: what waits holds memory. */
export const waitMsMax = 60_000;

/** `deadlineAtMs` is the caller's, on the node's monotonic clock. */
export function waitMsUntil(deadlineAtMs: number | undefined, clock: Clock): number {
  if (deadlineAtMs === undefined) return waitMsDefault;
  return Math.max(1, Math.min(deadlineAtMs - clock.monotonicMs(), waitMsMax));
}
