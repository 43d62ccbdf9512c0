/**
 * What consumers may read here, and when: below the watermark, from the start on, in the leadership that they believe
 * in. A leader that does not know yet how far they may have read lets them wait instead of telling them nonsense (P2).
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import type { PartitionCore, WaitingFetch } from './partition-core.ts';
import type { FetchProblem } from './partition-effect.ts';
import type { FetchEvent } from './partition-event.ts';
import { compareEpochs, servingLeader } from './leader-requests.ts';

export function onFetch(core: PartitionCore, event: FetchEvent): void {
  const { requestId, deadlineMs, from } = event;
  const problem = whyNotServe(core, event) ?? whyOutOfRange(core, from);
  if (problem !== undefined) return core.emit({ type: 'fetch-refused', requestId, problem });
  if (from < core.watermark || deadlineMs <= core.nowMs) return answerFetch(core, event);
  const bytesWanted = core.log.bytes.below(from) + event.bytesMin;
  if (core.fetches.enter({ requestId, deadlineMs, event, bytesWanted })) return;
  core.emit({ type: 'fetch-refused', requestId, problem: { type: 'limit-reached', limit: 'fetchesWaitingMax' } });
}

/** After every step: the watermark or the start may have moved, or a leader may have come to know them. */
export function releaseFetches(core: PartitionCore): void {
  if (core.fetches.count === 0) return;
  core.fetches.release((guest) => {
    const problem = whyOutOfRange(core, guest.event.from);
    if (problem !== undefined) core.emit({ type: 'fetch-refused', requestId: guest.requestId, problem });
    else if (isDue(core, guest)) answerFetch(core, guest.event);
    else return false;
    return true;
  });
}

export function expireFetches(core: PartitionCore): void {
  core.fetches.expire(core.nowMs, ({ event }) => answerFetch(core, event));
}

/** P2: how far consumers may have read is known to a leader once it is established, and to a follower from its leader. */
export function shownWatermark(core: PartitionCore): Offset | undefined {
  return core.role.name === 'leader' && !core.role.isEstablished ? undefined : core.watermark;
}

function isDue({ watermark, log }: PartitionCore, { event, bytesWanted }: WaitingFetch): boolean {
  if (watermark <= event.from) return false;
  return event.bytesMin <= 1 || log.bytes.below(watermark) >= bytesWanted;
}

function answerFetch(core: PartitionCore, { requestId, from }: FetchEvent): void {
  const { watermark, log, leaderEpoch } = core;
  assert(leaderEpoch !== undefined, 'whoever serves has a leader epoch');
  assert(watermark <= log.written, 'P2: nothing is read that is not in the file', () => ({ watermark }));
  const upTo = from < watermark ? watermark : from;
  const shown = shownWatermark(core);
  const positions = { watermark: shown, lastStable: shown, start: core.start.agreed };
  core.emit({ type: 'fetch-ready', requestId, from, upTo, ...positions, leaderEpoch });
}

/** P19: a follower serves what it knows to be committed, under a leader that agreed with its log. */
function whyNotServe(core: PartitionCore, event: FetchEvent): FetchProblem | undefined {
  const { role } = core;
  if (role.name === 'follower' && event.mayFollow) {
    const problem = compareEpochs(role.leaderEpoch, event.leaderEpoch);
    if (problem !== undefined || role.phase === 'following') return problem;
  }
  const served = servingLeader(core, event.leaderEpoch);
  return 'name' in served ? undefined : served;
}

/** Undefined while it cannot be told. */
function whyOutOfRange(core: PartitionCore, from: Offset): FetchProblem | undefined {
  const { role, watermark, log, start } = core;
  const isLeader = role.name === 'leader';
  if (isLeader && !role.isEstablished) return undefined;
  const problem = { type: 'offset-out-of-range', start: start.agreed, watermark } as const;
  if (from < start.agreed) return problem;
  if (from < log.localStart) return { type: 'not-on-this-replica', localStart: log.localStart };
  // A follower's leader may be further.
  return isLeader && from > log.assigned ? problem : undefined;
}
