/**
 * What the leader sends to whom: batches from its file, as far as each follower grants, and its own positions.
 *
 * One push per follower is being read at a time; the next does not wait for an answer, only for room. Positions ride
 * on pushes and go alone when there is nothing else to send. A follower that has everything and knows so is left alone.
 */
import { assert } from '../base/assert.ts';
import type { BrokerId } from '../base/ids.ts';
import type { Offset } from '../base/offsets.ts';
import { compareWithFollower } from './compare-logs.ts';
import type { FollowerProgress, FollowerSession } from './follower-progress.ts';
import type { PartitionCore } from './partition-core.ts';
import type { AttachMessage, Conversation, LeaderPositions, ProgressMessage } from './partition-message.ts';
import { hearReplica } from './partition-recovery.ts';
import type { LeaderRole } from './partition-role.ts';

type Asked = Pick<Conversation, 'brokerEpoch' | 'session'>;

/** P10: of another epoch, or not of a replica, nothing counts. */
export function onAttach(core: PartitionCore, role: LeaderRole, from: BrokerId, message: AttachMessage): void {
  const progress = role.followers.get(from);
  const { leaderEpoch } = role;
  if (message.leaderEpoch !== leaderEpoch || progress === undefined || progress.isStale(message)) return;
  if (role.recovery !== undefined) {
    hearReplica(role.recovery, from, message);
    return;
  }
  const compared = compareWithFollower(core.log, message);
  if (compared.type === 'fits') {
    progress.attach(message);
    return;
  }
  progress.endSession();
  if (compared.type === 'reset') sendReset(core, role, progress, message);
  else core.send(from, { ...compared, ...conversationOf(role, message) });
}

export function onProgress(core: PartitionCore, role: LeaderRole, from: BrokerId, message: ProgressMessage): void {
  const progress = role.followers.get(from);
  if (message.leaderEpoch !== role.leaderEpoch || progress === undefined) return;
  if (progress.onProgress(message, core.log.assigned)) progress.silence.begin();
}

export function onPushed(
  role: LeaderRole,
  pushed: { readonly to: BrokerId; readonly pushId: number; readonly next: Offset; readonly bytes: number },
): void {
  const session = role.followers.get(pushed.to)?.session;
  // Of a session that is over: another may be reading meanwhile.
  if (session === undefined || session.pushId !== pushed.pushId) return;
  assert(pushed.next >= session.sentTo, 'a push that was asked for ends', () => ({ ...pushed }));
  session.pushId = undefined;
  session.sentTo = pushed.next;
  session.sentBytes += pushed.bytes;
}

export function pushTo(core: PartitionCore, role: LeaderRole, progress: FollowerProgress): void {
  const { session, replica } = progress;
  if (session === undefined || session.pushId !== undefined) return;
  if (session.sentTo < core.log.localStart) {
    // Said once, and again with every nudge until a new session begins behind it.
    if (isNews(session.told, core)) pushPositions(core, role, progress, session);
    return;
  }
  const roomBytes = session.grantedBytes - session.sentBytes;
  // It may have more than is in the file here: what both had of an earlier leader is still being written.
  if (session.sentTo >= core.log.written || roomBytes <= 0) {
    if (isNews(session.told, core)) pushPositions(core, role, progress, session);
    return;
  }
  core.pushId += 1;
  session.pushId = core.pushId;
  session.told = positionsOf(core);
  progress.silence.begin();
  core.emit({
    type: 'push',
    to: replica.brokerId,
    pushId: session.pushId,
    ...conversationOf(role, session),
    from: session.sentTo,
    upTo: core.log.written,
    bytesMax: Math.min(roomBytes, core.limits.pushBytesMax),
    lane: role.inSync.isMember(replica.brokerId) ? 'tail' : 'catch-up',
    ...session.told,
  });
}

/** Whoever is not done and says nothing may have missed something: a push without batches tells it how far they went. */
export function nudge(core: PartitionCore, role: LeaderRole, progress: FollowerProgress): void {
  const { session } = progress;
  if (session === undefined) return;
  if (session.pushId !== undefined) progress.silence.begin();
  else pushPositions(core, role, progress, session);
}

/** Nothing is left to say to it. */
export function isDone(core: PartitionCore, position: Offset | undefined, progress: FollowerProgress): boolean {
  const { session, confirmed } = progress;
  if (session === undefined) return true;
  const { log, watermark, start } = core;
  return position === log.assigned && session.knownWatermark === watermark && confirmed?.start === start.wanted;
}

function pushPositions(
  core: PartitionCore,
  role: LeaderRole,
  progress: FollowerProgress,
  session: FollowerSession,
): void {
  session.told = positionsOf(core);
  progress.silence.begin();
  if (session.sentTo < core.log.localStart) {
    sendReset(core, role, progress, session);
    return;
  }
  core.send(progress.replica.brokerId, {
    type: 'push',
    ...conversationOf(role, session),
    from: session.sentTo,
    next: session.sentTo,
    batches: [],
    ...session.told,
  });
}

/** What it lacks is dropped here. */
function sendReset(core: PartitionCore, role: LeaderRole, progress: FollowerProgress, asked: Asked): void {
  const start = core.log.localStart;
  const producers = core.producers.snapshotBelow(start);
  core.send(progress.replica.brokerId, { type: 'reset', ...conversationOf(role, asked), start, producers });
}

function conversationOf({ leaderEpoch }: LeaderRole, { brokerEpoch, session }: Asked): Conversation {
  return { leaderEpoch, brokerEpoch, session };
}

function positionsOf({ watermark, start }: PartitionCore): LeaderPositions {
  return { watermark, startWanted: start.wanted, start: start.agreed };
}

function isNews(told: LeaderPositions | undefined, { watermark, start }: PartitionCore): boolean {
  return told?.watermark !== watermark || told.startWanted !== start.wanted || told.start !== start.agreed;
}
