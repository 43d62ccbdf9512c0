/**
 * One replica of one partition: events in, effects out.
 *
 * Synchronous and self-contained: no clock, no chance, no disk, no network. This file says which event goes where and
 * which role the metadata gives; the contract with the driver is partition-effect.ts, the invariants and the order in
 * which to read are in README.md.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { BrokerId } from '../base/ids.ts';
import type { StateMachine } from '../base/state-machine.ts';
import { PartitionCore } from './partition-core.ts';
import type { PartitionEffect } from './partition-effect.ts';
import type { PartitionEvent } from './partition-event.ts';
import { expireFetches, onFetch, releaseFetches } from './partition-fetch.ts';
import {
  attach,
  becomeFollower,
  follow,
  followerDueMs,
  onCutAsFollower,
  onFollowerTick,
  onLeaderMessage,
} from './partition-follower.ts';
import { becomeLeader, earlierOf, lead, leaderDueMs, onLeaderTick, onMetadataAsLeader } from './partition-leader.ts';
import type { PartitionMessage } from './partition-message.ts';
import { assertFollowsOn, findReplica, type PartitionMetadata } from './partition-metadata.ts';
import type { PartitionOptions } from './partition-options.ts';
import { onDeleteRecords, onProduce, onRetention } from './leader-requests.ts';
import { idle } from './partition-role.ts';
import { PartitionView } from './partition-view.ts';
import { onAttach, onProgress, onPushed } from './push-batches.ts';

export class Partition implements StateMachine<PartitionEvent, PartitionEffect> {
  /** For looking, at any time; nothing changes by it. */
  readonly view: PartitionView;
  readonly #core: PartitionCore;

  constructor(options: PartitionOptions) {
    this.#core = new PartitionCore(options);
    this.view = new PartitionView(this.#core);
  }

  step(event: PartitionEvent): readonly PartitionEffect[] {
    const core = this.#core;
    handle(core, event);
    settle(core);
    return core.takeEffects();
  }
}

function handle(core: PartitionCore, event: PartitionEvent): void {
  switch (event.type) {
    case 'tick':
      return onTick(core, event.nowMs);
    case 'metadata':
      return onMetadata(core, event.metadata);
    case 'message':
      return onMessage(core, event.from, event.message);
    case 'link-lost':
      return onLinkLost(core, event.broker);
    case 'produce':
      return onProduce(core, event);
    case 'fetch':
      return onFetch(core, event);
    case 'fetch-cancelled':
      return core.fetches.leave(event.requestId);
    case 'delete-records':
      return onDeleteRecords(core, event);
    case 'retention':
      return onRetention(core, event.before);
    case 'pushed':
      return core.role.name === 'leader' ? onPushed(core.role, event) : undefined;
    case 'in-sync-answered':
      return core.role.name === 'leader' ? core.role.inSync.onAnswered(event.partitionEpoch, event.outcome) : undefined;
    case 'log-moved':
    case 'log-cut':
    case 'start-written':
    case 'dropped':
    case 'log-failed':
    case 'damage-found':
    case 'read-failed':
    case 'repaired':
    case 'damage-not-shared':
      return onLogEvent(core, event);
    default:
      return assertUnreachable(event);
  }
}

type LogEvent = Extract<
  PartitionEvent,
  {
    type:
      | 'log-moved'
      | 'log-cut'
      | 'start-written'
      | 'dropped'
      | 'log-failed'
      | 'damage-found'
      | 'read-failed'
      | 'repaired'
      | 'damage-not-shared';
  }
>;

function onLogEvent(core: PartitionCore, event: LogEvent): void {
  const { log } = core;
  switch (event.type) {
    case 'log-moved':
      log.onMoved(event);
      return;
    case 'log-cut':
      log.onCut(event.generation);
      core.replaceProducers(event.producers);
      if (core.role.name === 'follower') onCutAsFollower(core, core.role);
      // Any other role had to wait for the log.
      else takeRole(core);
      return;
    case 'start-written':
      return core.start.onWritten(event.start);
    case 'dropped':
      return log.onDropped(event.generation, event.localStart);
    case 'log-failed':
      log.onFailed();
      return core.aside === 'log-failed' ? undefined : core.stepAside('log-failed');
    case 'damage-found':
      // Nobody else could ever serve the rest of it.
      return core.aside === undefined && !isAlone(core.metadata) ? core.stepAside('damaged') : undefined;
    case 'read-failed':
      // Where nobody else is in sync, most of its records are better than none.
      return core.aside === undefined && othersInSync(core) ? core.stepAside('damaged') : undefined;
    case 'repaired':
      return onRepaired(core, event);
    case 'damage-not-shared':
      return cutDamage(core, event);
    default:
      return assertUnreachable(event);
  }
}

function onRepaired(core: PartitionCore, { epochs, producers }: Extract<PartitionEvent, { type: 'repaired' }>): void {
  if (core.aside !== 'damaged') return;
  core.aside = undefined;
  core.log.epochs.replace(epochs);
  core.replaceProducers(producers);
  core.emit({ type: 'come-back' });
  takeRole(core);
}

/** P9: what no other log holds, and nobody can read, was not committed: the log goes on without it. */
function cutDamage(
  core: PartitionCore,
  { from, leaderEpoch }: Extract<PartitionEvent, { type: 'damage-not-shared' }>,
): void {
  const { log, metadata } = core;
  const isJudged = metadata?.leaderEpoch === leaderEpoch && metadata.leader !== core.brokerId;
  if (core.aside !== 'damaged' || !isJudged || !log.isOpen) return;
  if (from < core.watermark || from < log.localStart || from >= log.assigned) return;
  log.cut(from);
  core.emit({ type: 'cut', generation: log.generation, end: from });
}

function isAlone(metadata: PartitionMetadata | undefined): boolean {
  return metadata?.replicas.length === 1;
}

function othersInSync({ metadata, brokerId }: PartitionCore): boolean {
  return metadata !== undefined && metadata.inSync.some((member) => member !== brokerId);
}

/** What follows from any event: the role's own business first, then who waits to read, then the next tick. */
function settle(core: PartitionCore): void {
  const { role } = core;
  if (role.name === 'leader') lead(core, role);
  if (role.name === 'follower') follow(core, role);
  releaseFetches(core);
  let due = core.fetches.firstDeadlineMs;
  if (role.name === 'leader') due = earlierOf(due, leaderDueMs(core, role));
  if (role.name === 'follower') due = earlierOf(due, followerDueMs(core, role));
  core.wakeAt(due);
}

function onTick(core: PartitionCore, nowMs: number): void {
  core.onTick(nowMs);
  if (core.role.name === 'leader') onLeaderTick(core, core.role);
  if (core.role.name === 'follower') onFollowerTick(core, core.role);
  expireFetches(core);
}

/**
 * What was decided before this life of the broker was registered is not about this replica: it may have lost since
 * what others hold, and would give the same offsets of the same epoch to other records (P10). A registration raises
 * the epoch of whatever the broker led.
 */
function onMetadata(core: PartitionCore, metadata: PartitionMetadata): void {
  if (metadata.revision < core.brokerEpoch) return;
  assertFollowsOn(core.metadata, metadata);
  core.metadata = metadata;
  core.noteRejoined(metadata);
  if (core.owesComeBack) core.emit({ type: 'come-back' });
  core.owesComeBack = false;
  const { role } = core;
  const isSameEpoch = role.name !== 'idle' && role.leaderEpoch === metadata.leaderEpoch;
  const isHere = findReplica(metadata, core.brokerId)?.directory === core.directory;
  if (isSameEpoch && isHere && metadata.leader !== undefined) {
    if (role.name === 'leader') onMetadataAsLeader(core, role, metadata);
    return;
  }
  takeRole(core);
}

/** The role that the metadata gives to this replica, begun anew. */
function takeRole(core: PartitionCore): void {
  const { metadata } = core;
  const isHere = metadata !== undefined && findReplica(metadata, core.brokerId)?.directory === core.directory;
  // Another election is another judgement about what is missing here.
  if (core.aside === 'lost-records' && metadata !== undefined && metadata.leaderEpoch > (core.fencedEpoch ?? -1))
    core.aside = undefined;
  if (core.aside === 'damaged' && isAlone(metadata)) core.aside = undefined;
  if (isHere && core.aside === 'damaged') core.sayAside(metadata);
  if (!isHere || metadata.leader === undefined || core.aside !== undefined) return becomeIdle(core);
  if (metadata.leader !== core.brokerId) return becomeFollower(core, metadata, metadata.leader);
  // A change of role waits for a cut that is under way, and is taken up again when it is done.
  if (core.log.isCutting || metadata.leaderEpoch <= (core.fencedEpoch ?? -1)) return becomeIdle(core);
  becomeLeader(core, metadata);
}

function becomeIdle(core: PartitionCore): void {
  if (core.role.name === 'idle') return;
  core.become(idle);
  core.emit({ type: 'became-idle' });
}

function onMessage(core: PartitionCore, from: BrokerId, message: PartitionMessage): void {
  const { role } = core;
  switch (message.type) {
    case 'attach':
      return role.name === 'leader' ? onAttach(core, role, from, message) : undefined;
    case 'progress':
      return role.name === 'leader' ? onProgress(core, role, from, message) : undefined;
    case 'push':
    case 'diverged':
    case 'reset':
      return role.name === 'follower' ? onLeaderMessage(core, role, from, message) : undefined;
    default:
      return assertUnreachable(message);
  }
}

function onLinkLost(core: PartitionCore, broker: BrokerId): void {
  const { role } = core;
  if (role.name === 'leader') role.followers.get(broker)?.endSession();
  // While attaching as well: the leader drops the session that it may have agreed to, and would not know of this one.
  if (role.name === 'follower' && role.leader === broker && role.phase !== 'cutting') attach(core, role);
}
