/**
 * How a leader brings its log to a peer: what is sent next, and what an answer changes.
 *
 * Appends leave before they are durable here; the leader's own copy counts like any other, when its disk has it.
 * Heartbeats are appends without entries. To a replicating peer they name the newest entry that was sent, so a lost
 * append is noticed at the next heartbeat; to one that needs a snapshot they name 0/0, which matches everything.
 */
import { assert } from '../base/assert.ts';
import { logIndex, previousIndex, type LogIndex } from '../base/raft-position.ts';
import type { RaftCore } from './raft-core.ts';
import { entryBytes, type Entry } from './raft-entry.ts';
import type { AppendRejection, AppendReply } from './raft-message.ts';
import type { Progress, SnapshotTransfer } from './raft-progress.ts';
import type { LeaderRole } from './raft-role.ts';
import { startSnapshot } from './raft-snapshot-sender.ts';

/** Sends as much as the mode and the window of the peer allow. */
export function replicateTo(core: RaftCore, role: LeaderRole, progress: Progress): void {
  while (progress.nextIndex <= core.log.lastIndex) {
    const { mode } = progress;
    if (mode.name === 'snapshot' || (mode.name === 'probe' && mode.isWaiting)) return;
    if (mode.name === 'replicate' && !progress.hasRoom) return;
    if (previousIndex(progress.nextIndex) < core.log.previous.index) {
      startSnapshot(core, progress);
      return;
    }
    const entries = recentEntries(core, progress);
    if (entries === undefined) {
      // A probe needs no entries to find out where the logs part.
      if (mode.name === 'probe') sendAppend(core, role, progress, []);
      else loadEntries(core, progress);
      return;
    }
    sendAppend(core, role, progress, entries);
  }
}

/** Contact, the commit index and the round, whatever else is going on with this peer. */
export function heartbeatTo(core: RaftCore, role: LeaderRole, progress: Progress): void {
  if (previousIndex(progress.nextIndex) < core.log.previous.index && progress.mode.name !== 'snapshot') {
    startSnapshot(core, progress);
  }
  sendAppend(core, role, progress, []);
}

/** Tells a peer that has nothing to wait for that more is committed than it was told. */
export function announceCommit(core: RaftCore, role: LeaderRole, progress: Progress): void {
  if (progress.mode.name !== 'replicate' || progress.inFlightCount > 0) return;
  if (progress.commitIndexSent < core.commitIndex) sendAppend(core, role, progress, []);
}

export function onAppendReply(core: RaftCore, progress: Progress, reply: AppendReply): void {
  assert(reply.matchedIndex <= core.log.lastIndex, 'nobody holds more of a term than its leader', () => ({
    matchedIndex: reply.matchedIndex,
    lastIndex: core.log.lastIndex,
  }));
  progress.onMatched(reply.matchedIndex);
  const { mode } = progress;
  if (mode.name === 'replicate') return;
  // A probe has its answer when the peer holds everything before what it was sent. A peer that was being sent a
  // snapshot may have got over the gap by other means, and needs no more of it then.
  const isFound =
    mode.name === 'probe'
      ? progress.nextIndex === progress.matchedIndex + 1
      : progress.matchedIndex >= core.log.previous.index;
  if (isFound) progress.replicate();
  else if (mode.name === 'snapshot' && isOutdated(mode.transfer, progress.matchedIndex)) startSnapshot(core, progress);
}

/** The peer has all of this snapshot, and meanwhile the log begins behind a later one. */
function isOutdated({ snapshot }: SnapshotTransfer, matchedIndex: LogIndex): boolean {
  return snapshot !== undefined && matchedIndex >= snapshot.lastIndex;
}

export function onAppendRejection(core: RaftCore, progress: Progress, rejection: AppendRejection): void {
  const { rejectedIndex, hint } = rejection;
  const { mode, matchedIndex } = progress;
  if (mode.name === 'snapshot' || rejectedIndex <= matchedIndex) return;
  if (mode.name === 'replicate') {
    progress.probeFrom(logIndex(matchedIndex + 1));
    return;
  }
  // An answer to an earlier probe says nothing about this one.
  if (rejectedIndex !== progress.nextIndex - 1) return;
  const agreed = Math.max(matchedIndex, Math.min(agreementBelow(core, hint.index, hint), rejectedIndex - 1));
  progress.probeFrom(logIndex(agreed + 1));
}

/** The peer's entries were read back; by now it may want others, or there may be other entries. */
export function onLoadedToReplicate(
  core: RaftCore,
  role: LeaderRole,
  progress: Progress,
  entries: readonly Entry[],
): void {
  const { loadingFrom } = progress;
  progress.loadingFrom = undefined;
  if (progress.mode.name !== 'replicate') return;
  const first = entries[0];
  if (first === undefined) {
    // The store has dropped them under a snapshot, and tells the core when that is done. Asking again until then
    // would be answered at once, again and again, and nothing else would get a turn.
    if (loadingFrom === progress.nextIndex) startSnapshot(core, progress);
    return;
  }
  if (first.index !== progress.nextIndex) return;
  if (!progress.hasRoom || entries.some((entry) => core.log.termAt(entry.index) !== entry.term)) return;
  sendAppend(core, role, progress, entries);
}

/** Where the leader's log has, at or below `index`, a term that the peer could have there too. */
function agreementBelow(core: RaftCore, index: LogIndex, hint: AppendRejection['hint']): number {
  if (index < core.log.previous.index) return index;
  const own = core.log.conflictHint({ index, term: hint.term });
  return own.index;
}

function recentEntries(core: RaftCore, progress: Progress): readonly Entry[] | undefined {
  const { log, limits } = core;
  return log.recent({
    from: progress.nextIndex,
    to: log.lastIndex,
    bytesMax: limits.appendBytesMax,
    entriesMax: limits.appendEntriesMax,
  });
}

function loadEntries(core: RaftCore, progress: Progress): void {
  if (progress.loadingFrom !== undefined) return;
  const from = progress.nextIndex;
  progress.loadingFrom = from;
  const to = logIndex(Math.min(core.log.recentFirstIndex - 1, from + core.limits.appendEntriesMax - 1));
  const purpose = { type: 'replicate', to: progress.peer.voterId } as const;
  core.emit({ type: 'load-entries', purpose, from, to, bytesMax: core.limits.appendBytesMax });
}

function sendAppend(core: RaftCore, role: LeaderRole, progress: Progress, entries: readonly Entry[]): void {
  const { mode } = progress;
  const index = mode.name === 'snapshot' ? logIndex(0) : previousIndex(progress.nextIndex);
  const term = mode.name === 'snapshot' ? 0 : core.log.mustTermAt(index);
  assert(entries.length === 0 || mode.name !== 'snapshot', 'entries follow a snapshot, they do not overtake it');
  core.send(progress.peer.voterId, {
    type: 'append-request',
    term: core.term,
    previous: { index, term: term as typeof core.term },
    entries,
    commitIndex: core.commitIndex,
    round: role.round,
  });
  progress.commitIndexSent = core.commitIndex;
  if (mode.name === 'probe') mode.isWaiting = true;
  const last = entries.at(-1);
  if (last === undefined) return;
  assert(entries[0]?.index === index + 1, 'an append continues its previous entry', () => ({ index }));
  let bytes = 0;
  for (const entry of entries) bytes += entryBytes(entry);
  progress.onSent(last.index, bytes);
}
