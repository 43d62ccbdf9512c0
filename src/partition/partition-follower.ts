/**
 * Following: attach to the leader, make the log agree with its log, take what it pushes, and say how far that is safe.
 *
 * A session is one attempt at this; whatever goes wrong (a gap, a lost message, another leader) begins a new one.
 */
import { assert } from '../base/assert.ts';
import { offset, type Offset } from '../base/offsets.ts';
import { findCut } from './compare-logs.ts';
import type { PartitionCore } from './partition-core.ts';
import type { BrokerId } from '../base/ids.ts';
import type { DivergedMessage, LeaderMessage, ProgressMessage, PushMessage } from './partition-message.ts';
import type { PartitionMetadata } from './partition-metadata.ts';
import type { FollowerRole } from './partition-role.ts';
import { Patience } from './patience.ts';
import type { ProducerState } from './producer-sequences.ts';

export function becomeFollower(core: PartitionCore, { leaderEpoch }: PartitionMetadata, leader: BrokerId): void {
  const role: FollowerRole = {
    name: 'follower',
    leader,
    leaderEpoch,
    phase: 'attaching',
    retry: new Patience(),
    leaderWatermark: offset(0),
    leaderStart: offset(0),
    bytesBefore: 0,
    isProgressDue: false,
    sent: undefined,
  };
  core.become(role);
  core.emit({ type: 'became-follower', leaderEpoch, leader });
  // A cut that an earlier leader asked for comes to its end first.
  if (core.log.isCutting) role.phase = 'cutting';
  else attach(core, role);
}

/** X34 of the catalogue: where the log ends is always said with the epoch of its last record, however old that is. */
export function attach(core: PartitionCore, role: FollowerRole): void {
  const { log, limits } = core;
  core.session += 1;
  role.phase = 'attaching';
  role.retry.begin();
  role.sent = undefined;
  role.bytesBefore = log.bytes.total;
  core.send(role.leader, {
    type: 'attach',
    leaderEpoch: role.leaderEpoch,
    session: core.session,
    brokerEpoch: core.brokerEpoch,
    directory: core.directory,
    lastEpoch: log.epochs.latest,
    logEnd: log.assigned,
    grantedBytes: limits.followerWindowBytes,
  });
}

/** P10: only the leader of this epoch, in this session, is listened to. */
export function onLeaderMessage(core: PartitionCore, role: FollowerRole, from: BrokerId, message: LeaderMessage): void {
  if (from !== role.leader || message.leaderEpoch !== role.leaderEpoch) return;
  if (message.brokerEpoch !== core.brokerEpoch || message.session !== core.session) return;
  if (role.phase === 'cutting') return;
  if (message.type === 'push') {
    onPush(core, role, message);
    return;
  }
  if (message.type === 'reset') resetTo(core, role, message.start, message.producers);
  else if (role.phase === 'attaching') onDiverged(core, role, message);
}

/** A cut is done: the log may agree now, or the next epoch back has to be looked at. */
export function onCutAsFollower(core: PartitionCore, role: FollowerRole): void {
  if (role.phase === 'cutting') attach(core, role);
}

/** What follows from any event while this replica follows. */
export function follow(core: PartitionCore, role: FollowerRole): void {
  if (role.phase !== 'following') return;
  const { log, start } = core;
  const known = offset(Math.min(role.leaderWatermark, log.written));
  if (known > core.watermark) core.moveWatermark(known, role.leaderEpoch);
  const toWrite = start.nextToWrite();
  if (toWrite !== undefined) core.emit({ type: 'write-start', start: toWrite });
  const agreed = offset(Math.min(role.leaderStart, start.written));
  if (start.agree(agreed)) core.emit({ type: 'drop-below', start: agreed });
  // Whoever is missed is told so by the metadata, if by nobody else: its leader may have lost it without its noticing.
  if (core.metadata?.inSync.includes(core.brokerId) === true) role.retry.end();
  else if (!role.retry.isWaiting) role.retry.begin();
  report(core, role);
}

export function onFollowerTick(core: PartitionCore, role: FollowerRole): void {
  role.retry.onTick(core.nowMs);
  if (role.phase !== 'cutting' && role.retry.isOver(core.nowMs, retryMs(core, role))) attach(core, role);
}

/** When it asks its leader again; undefined when it has nothing to wait for. */
export function followerDueMs(core: PartitionCore, role: FollowerRole): number | undefined {
  return role.retry.dueMs(core.nowMs, retryMs(core, role));
}

/** A leader that is heard is given time: what is on its way would be sent again. */
function retryMs({ limits }: PartitionCore, { phase }: FollowerRole): number {
  return phase === 'attaching' ? limits.attachRetryMs : limits.lagMsMax;
}

function onPush(core: PartitionCore, role: FollowerRole, push: PushMessage): void {
  const { log } = core;
  if (push.from > log.assigned) {
    // Something before it is lost. An attach says from where on to send again; one that is under way is waited for.
    if (role.phase === 'following') attach(core, role);
    return;
  }
  if (role.phase === 'attaching') {
    // The first of its session that comes here says by its `from` that the logs agree up to there.
    if (push.from < log.assigned) return;
    role.phase = 'following';
  }
  role.retry.end();
  if (push.from === log.assigned && !takeBatches(core, role, push)) return;
  if (push.watermark > role.leaderWatermark) role.leaderWatermark = push.watermark;
  if (push.start > role.leaderStart) role.leaderStart = push.start;
  // It begins nowhere that is not committed here: the log would begin after its own end.
  const startWanted = Math.min(push.startWanted, role.leaderWatermark, log.written);
  core.start.want(offset(startWanted));
  if (push.batches.length === 0) role.isProgressDue = true;
}

/** False when it is not what comes next: then nothing of the rest is taken. */
function takeBatches(core: PartitionCore, role: FollowerRole, { batches, next }: PushMessage): boolean {
  const { log } = core;
  const taken = [];
  for (const batch of batches) {
    const { baseOffset, leaderEpoch } = batch;
    const isNext = baseOffset === log.assigned && leaderEpoch >= (log.epochs.latest ?? 0);
    if (!isNext || leaderEpoch > role.leaderEpoch) break;
    log.append(batch);
    core.producers.replay(batch);
    taken.push(batch);
  }
  if (taken.length > 0) core.emit({ type: 'append', batches: taken });
  if (taken.length === batches.length && log.assigned === next) return true;
  core.emit({ type: 'push-refused', from: role.leader, logEnd: log.assigned });
  // Not at once: what the leader reads may be wrong the next time as well.
  role.phase = 'attaching';
  role.retry.begin();
  return false;
}

function onDiverged(core: PartitionCore, role: FollowerRole, { epoch, end }: DivergedMessage): void {
  const { log } = core;
  const cut = findCut(log, { epoch, end });
  // Nobody reads below the start, so a log that is cut to below it has nothing left.
  if (cut < Math.max(log.localStart, core.start.written)) {
    resetTo(core, role, cut, core.producers.snapshotBelow(cut));
    return;
  }
  giveUpFrom(core, role, cut);
  log.cut(cut);
  core.emit({ type: 'cut', generation: log.generation, end: cut });
}

/** Nothing that is here is worth keeping: the leader's log begins behind it, or it was given up. */
function resetTo(core: PartitionCore, role: FollowerRole, start: Offset, producers: readonly ProducerState[]): void {
  const { log } = core;
  giveUpFrom(core, role, start);
  log.reset(start);
  core.start.reset(start);
  core.restartWatermark(start);
  core.emit({ type: 'reset', generation: log.generation, start, producers });
}

/** P9: by the epochs alone, and never below what is known to be committed, unless an unclean election gave that up. */
function giveUpFrom(core: PartitionCore, role: FollowerRole, end: Offset): void {
  const { log, watermark, metadata } = core;
  if (end < watermark) {
    const uncleanEpoch = metadata?.uncleanEpoch;
    assert(
      uncleanEpoch !== undefined && uncleanEpoch > (core.watermarkEpoch ?? -1),
      'P9: what is known to be committed is never cut',
      () => ({ end, watermark, watermarkEpoch: core.watermarkEpoch, uncleanEpoch, role }),
    );
    core.emit({ type: 'possible-loss', leaderEpoch: role.leaderEpoch, from: end, to: log.assigned });
    core.takeBackWatermark(end);
  }
  role.phase = 'cutting';
  role.retry.end();
}

/** Listed last in a step: everything that happened in it is in one message. */
function report(core: PartitionCore, role: FollowerRole): void {
  const { log, watermark, start, limits } = core;
  const consumed = log.bytes.below(log.written) - role.bytesBefore;
  const message: ProgressMessage = {
    type: 'progress',
    leaderEpoch: role.leaderEpoch,
    session: core.session,
    brokerEpoch: core.brokerEpoch,
    next: log.written,
    durable: log.durable,
    watermark,
    start: start.written,
    grantedBytes: Math.max(0, consumed) + limits.followerWindowBytes,
  };
  if (role.sent !== undefined && !role.isProgressDue && isSame(role.sent, message)) return;
  role.isProgressDue = false;
  role.sent = message;
  core.send(role.leader, message);
}

function isSame(one: ProgressMessage, other: ProgressMessage): boolean {
  return (
    one.next === other.next &&
    one.durable === other.durable &&
    one.watermark === other.watermark &&
    one.start === other.start
  );
}
