/**
 * What clients ask of a leader: append a batch, delete records. Refused before anything is done, or answered when it
 * is certain; in between there is only `outcome unknown` (P17).
 */
import { assert } from '../base/assert.ts';
import { offset, type LeaderEpoch } from '../base/offsets.ts';
import { stampBatch, type NewBatch } from './partition-batch.ts';
import type { PartitionCore } from './partition-core.ts';
import type { EpochProblem, NotLeader, ProduceProblem } from './partition-effect.ts';
import type { DeleteRecordsEvent, ProduceEvent } from './partition-event.ts';
import { inSyncNeeded, isEnoughInSync } from './partition-metadata.ts';
import type { LeaderRole } from './partition-role.ts';
import type { RecentBatch } from './producer-sequences.ts';

export type LeaderRefusal = NotLeader | EpochProblem | { readonly type: 'recovering' };

/** The role of a leader that serves whoever believes in that epoch, or why it does not. */
export function servingLeader(core: PartitionCore, leaderEpoch: LeaderEpoch | undefined): LeaderRole | LeaderRefusal {
  const { role } = core;
  if (role.name !== 'leader') return core.notLeader();
  const problem = compareEpochs(role.leaderEpoch, leaderEpoch);
  if (problem !== undefined) return problem;
  return role.recovery === undefined ? role : { type: 'recovering' };
}

export function compareEpochs(own: LeaderEpoch, asked: LeaderEpoch | undefined): EpochProblem | undefined {
  if (asked === undefined || asked === own) return undefined;
  return { type: asked < own ? 'fenced-leader-epoch' : 'unknown-leader-epoch', leaderEpoch: own };
}

export function onProduce(core: PartitionCore, event: ProduceEvent): void {
  const { requestId, batch, acks } = event;
  const refuse = (problem: ProduceProblem): void => core.emit({ type: 'produce-refused', requestId, problem });
  const role = servingLeader(core, event.leaderEpoch);
  if (!('name' in role)) return refuse(role);
  const judged = batch.producer === undefined ? undefined : core.producers.judge(batch.producer);
  // Before any other reason to refuse: this batch is in the log, and to say that it is not would be a lie.
  if (judged?.type === 'duplicate') return answerDuplicate(core, role, event, judged.batch);
  if (judged !== undefined && judged.type !== 'next') return refuse(judged);
  const problem = whyNotAppend(core, role, event);
  if (problem !== undefined) return refuse(problem);
  const assigned = stampBatch(batch, core.log.assigned, role.leaderEpoch);
  core.log.append(assigned);
  core.producers.replay(assigned);
  if (batch.producer !== undefined) role.producersHeardMs.set(batch.producer.producerId, core.nowMs);
  core.emit({ type: 'append', batches: [assigned] });
  if (acks === 'none') return;
  const { baseOffset, nextOffset } = assigned;
  role.produces.enter({ requestId, acks, baseOffset, nextOffset, deadlineMs: event.deadlineMs });
}

/** Acknowledged when its original would be, and with the same offset (I2). */
function answerDuplicate(core: PartitionCore, role: LeaderRole, event: ProduceEvent, original: RecentBatch): void {
  const { requestId, acks, deadlineMs } = event;
  const { baseOffset, nextOffset } = original;
  assert(nextOffset <= core.log.assigned, 'I3: what is known of producers is in the log', () => ({ ...original }));
  if (acks === 'none') return;
  if (role.produces.isFull) {
    core.emit({ type: 'produce-outcome-unknown', requestId, why: 'limit-reached' });
    return;
  }
  role.produces.enter({ requestId, acks, baseOffset, nextOffset, deadlineMs });
}

function whyNotAppend(
  core: PartitionCore,
  role: LeaderRole,
  { acks, batch }: ProduceEvent,
): ProduceProblem | undefined {
  const { metadata, limits, log } = core;
  assert(metadata !== undefined, 'a leader was made one by metadata');
  if (acks === 'all' && !isEnoughInSync(metadata))
    return { type: 'not-enough-in-sync', inSync: metadata.inSync.length, needed: inSyncNeeded(metadata) };
  if (acks !== 'none' && role.produces.isFull) return { type: 'limit-reached', limit: 'producesWaitingMax' };
  if (log.unwrittenBytes >= limits.unwrittenBytesMax) return { type: 'limit-reached', limit: 'unwrittenBytesMax' };
  if (log.assigned + batch.offsetCount > Number.MAX_SAFE_INTEGER) return { type: 'offsets-exhausted' };
  return hasRoomForProducer(core, role, batch) ? undefined : { type: 'limit-reached', limit: 'producersMax' };
}

/** I6: whoever would be forgotten for a new producer must have been quiet for longer than anybody retries. */
function hasRoomForProducer(core: PartitionCore, role: LeaderRole, { producer }: NewBatch): boolean {
  const forgotten = producer === undefined ? undefined : core.producers.nextForgotten(producer.producerId);
  if (forgotten === undefined) return true;
  const heardMs = role.producersHeardMs.get(forgotten) ?? role.sinceMs;
  if (core.nowMs - heardMs < core.limits.producerQuietMsMin) return false;
  role.producersHeardMs.delete(forgotten);
  return true;
}

export function onDeleteRecords(core: PartitionCore, event: DeleteRecordsEvent): void {
  const { requestId, deadlineMs } = event;
  const role = servingLeader(core, event.leaderEpoch);
  if (!('name' in role)) return core.emit({ type: 'delete-refused', requestId, problem: role });
  // Until then it does not know what consumers could have read.
  if (!role.isEstablished) return core.emit({ type: 'delete-refused', requestId, problem: { type: 'recovering' } });
  const { watermark, start } = core;
  const before = event.before ?? watermark;
  if (before > watermark) {
    const problem = { type: 'offset-out-of-range', start: start.agreed, watermark } as const;
    return core.emit({ type: 'delete-refused', requestId, problem });
  }
  if (!role.deletes.enter({ requestId, deadlineMs, before })) {
    const problem = { type: 'limit-reached', limit: 'deletesWaitingMax' } as const;
    return core.emit({ type: 'delete-refused', requestId, problem });
  }
  start.want(before);
}

/** P15: retention takes nothing that is not committed. */
export function onRetention(core: PartitionCore, before: number): void {
  const { role, watermark } = core;
  if (role.name !== 'leader' || !role.isEstablished) return;
  core.start.want(offset(Math.min(before, watermark)));
}
