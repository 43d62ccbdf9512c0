/**
 * Following: take what the leader sends, and tell it how far it is safe here.
 *
 * Two positions tell the story. `verifiedIndex`: up to here the log is known to be the leader's. The durable index:
 * up to here it survives a crash. The answer to any append, heartbeats and duplicates included, is the lower of the
 * two (R7), so it does not matter which message it answers, and answers can be merged.
 */
import { assert } from '../base/assert.ts';
import type { VoterId } from '../base/ids.ts';
import { logIndex, type LogIndex } from '../base/raft-position.ts';
import type { RaftCore } from './raft-core.ts';
import type { Entry } from './raft-entry.ts';
import type { AppendRequest } from './raft-message.ts';
import type { FollowerRole } from './raft-role.ts';
import { becomeFollower } from './raft-become-role.ts';

/** A message that only the leader of the current term sends. Whoever else this voter was in this term, it is that no more. */
export function followLeader(core: RaftCore, from: VoterId, round: number): FollowerRole {
  assert(core.role.name !== 'leader', 'a term has one leader', () => ({ term: core.term, from, own: core.voterId }));
  if (core.role.name === 'candidate' || core.role.leader === undefined) becomeFollower(core, core.term, from);
  const { role } = core;
  assert(role.name === 'follower' && role.leader === from, 'a term has one leader', () => ({ term: core.term, from }));
  role.leaderHeardMs = core.nowMs;
  role.electionDeadlineMs = core.nextElectionDeadlineMs();
  // An overtaken message must not take back what a later one said.
  role.round = Math.max(role.round, round);
  return role;
}

export function onAppendRequest(core: RaftCore, from: VoterId, message: AppendRequest): void {
  const role = followLeader(core, from, message.round);
  // Committed entries are in the log of every later leader (R4), so below the commit index there is nothing to compare.
  const isKnown = message.previous.index <= core.commitIndex;
  if (!isKnown && !core.log.holds(message.previous)) {
    const hint = core.log.conflictHint(message.previous);
    assert(hint.index >= core.commitIndex, 'logs agree up to what is committed', () => ({ hint }));
    const { term } = core;
    const rejectedIndex = message.previous.index;
    core.sendWhenDurable(from, { type: 'append-rejection', term, round: role.round, rejectedIndex, hint });
    return;
  }
  const lastFitting = appendFitting(core, message);
  const verified = Math.max(role.verifiedIndex, core.commitIndex, lastFitting);
  assert(verified <= core.log.lastIndex, 'what is verified is in the log', () => ({ verified }));
  role.verifiedIndex = logIndex(verified);
  // The leader's commit index may lie beyond what was compared here; the log behind that may be another's (R9).
  core.commitTo(logIndex(Math.min(message.commitIndex, role.verifiedIndex)));
  const isNews = lastFitting > core.persistence.durableIndex;
  if (!isNews || role.round > role.ackedRound) role.isAckDue = true;
}

/** Listed last in a step: everything that happened in it is in one answer. */
export function acknowledge(core: RaftCore): void {
  const { role, persistence } = core;
  if (role.name !== 'follower' || role.leader === undefined || !persistence.isHardStateDurable) return;
  const durable = Math.min(role.verifiedIndex, persistence.durableIndex);
  // What was acknowledged is in the log that is being replaced and in the snapshot that replaces it, which is ahead.
  const matchedIndex = logIndex(persistence.isInstalling ? Math.max(durable, role.ackedIndex) : durable);
  assert(matchedIndex >= role.ackedIndex, 'an acknowledgement is never taken back', () => ({ matchedIndex }));
  if (!role.isAckDue && matchedIndex === role.ackedIndex) return;
  role.isAckDue = false;
  role.ackedIndex = matchedIndex;
  role.ackedRound = role.round;
  core.send(role.leader, { type: 'append-reply', term: core.term, round: role.round, matchedIndex });
}

/**
 * Skips what the log holds already, cuts where it differs, appends the rest; returns the last index that fits.
 * Only a difference cuts: an old append, come late, says nothing about what follows it (R9).
 */
function appendFitting(core: RaftCore, { previous, entries }: AppendRequest): LogIndex {
  let last = logIndex(previous.index);
  for (const entry of entries) {
    assert(entry.index === last + 1, 'an append has no gaps', () => ({ entry: entry.index, last }));
    if (!isHeld(core, entry)) {
      if (entry.index <= core.log.lastIndex) core.truncateFrom(entry.index);
      // The leader sends the rest again when the disk has caught up.
      if (core.persistence.unpersistedBytes >= core.limits.unpersistedBytesMax) break;
      core.append(entry);
    }
    last = entry.index;
  }
  return last;
}

function isHeld(core: RaftCore, entry: Entry): boolean {
  if (entry.index < core.log.previous.index) return true;
  const term = core.log.termAt(entry.index);
  assert(entry.index > core.commitIndex || term === entry.term, 'leaders agree on what is committed', () => ({
    index: entry.index,
    term: entry.term,
    own: term,
  }));
  return term === entry.term;
}
