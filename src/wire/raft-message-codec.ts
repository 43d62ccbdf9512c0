/**
 * Raft messages between voters, as odradek.internal.v1.RaftMessage.
 */
import { assertUnreachable } from '../base/assert.ts';
import { positionFromOutside } from '../base/brand.ts';
import { logIndexFromOutside, termFromOutside, type LogIndex, type Term } from '../base/raft-position.ts';
import type { RaftMessage, SnapshotChunkRequest } from '../raft/raft-message.ts';
import { must, unreadable } from './decode-message.ts';
import type { odradek } from './generated/messages.js';
import {
  entryFromWire,
  entryToWire,
  positionFromWire,
  positionToWire,
  snapshotFromWire,
  snapshotToWire,
} from './raft-log-codec.ts';

export type WireRaftMessage = odradek.internal.v1.RaftMessage.$Properties;

export function raftMessageToWire(message: RaftMessage): WireRaftMessage {
  const { term } = message;
  switch (message.type) {
    case 'pre-vote-request':
      return { term, preVoteRequest: { last: positionToWire(message.last) } };
    case 'pre-vote-reply':
      return { term, preVoteReply: { requestTerm: message.requestTerm, granted: message.granted } };
    case 'vote-request':
      return { term, voteRequest: { last: positionToWire(message.last), isTransfer: message.isTransfer } };
    case 'vote-reply':
      return { term, voteReply: { granted: message.granted } };
    case 'append-request':
      return {
        term,
        appendRequest: {
          previous: positionToWire(message.previous),
          entries: message.entries.map(entryToWire),
          commitIndex: message.commitIndex,
          round: message.round,
        },
      };
    case 'append-reply':
      return { term, appendReply: { round: message.round, matchedIndex: message.matchedIndex } };
    case 'append-rejection': {
      const { round, rejectedIndex, hint } = message;
      return { term, appendRejection: { round, rejectedIndex, hint: positionToWire(hint) } };
    }
    case 'snapshot-chunk-request':
      return { term, snapshotChunkRequest: chunkToWire(message) };
    case 'snapshot-chunk-reply': {
      const { round, snapshotIndex, nextOffset } = message;
      return { term, snapshotChunkReply: { round, snapshotIndex, nextOffset } };
    }
    case 'timeout-now':
      return { term, timeoutNow: {} };
    default:
      return assertUnreachable(message);
  }
}

function chunkToWire(message: SnapshotChunkRequest): odradek.internal.v1.SnapshotChunkRequest.$Properties {
  const { round, snapshot, offset, bytes, isLast } = message;
  return { round, snapshot: snapshotToWire(snapshot), offset, content: bytes, isLast };
}

export function raftMessageFromWire(wire: WireRaftMessage | null | undefined): RaftMessage {
  const term = must('term', termFromOutside(wire?.term ?? 0));
  if (wire?.appendRequest) return appendRequestFromWire(term, wire.appendRequest);
  if (wire?.appendReply) {
    const { round, matchedIndex } = wire.appendReply;
    return {
      type: 'append-reply',
      term,
      round: count('round', round),
      matchedIndex: index('matched_index', matchedIndex),
    };
  }
  if (wire?.appendRejection) {
    const { round, rejectedIndex, hint } = wire.appendRejection;
    return {
      type: 'append-rejection',
      term,
      round: count('round', round),
      rejectedIndex: index('rejected_index', rejectedIndex),
      hint: positionFromWire('hint', hint),
    };
  }
  if (wire?.snapshotChunkRequest) return chunkFromWire(term, wire.snapshotChunkRequest);
  if (wire?.snapshotChunkReply) {
    const { round, snapshotIndex, nextOffset } = wire.snapshotChunkReply;
    return {
      type: 'snapshot-chunk-reply',
      term,
      round: count('round', round),
      snapshotIndex: index('snapshot_index', snapshotIndex),
      nextOffset: count('next_offset', nextOffset),
    };
  }
  return electionMessageFromWire(term, wire);
}

function electionMessageFromWire(term: Term, wire: WireRaftMessage | null | undefined): RaftMessage {
  if (wire?.preVoteRequest)
    return { type: 'pre-vote-request', term, last: positionFromWire('last', wire.preVoteRequest.last) };
  if (wire?.preVoteReply) {
    const { requestTerm, granted } = wire.preVoteReply;
    const requested = must('request_term', termFromOutside(requestTerm ?? 0));
    return { type: 'pre-vote-reply', term, requestTerm: requested, granted: granted ?? false };
  }
  if (wire?.voteRequest) {
    const { last, isTransfer } = wire.voteRequest;
    return { type: 'vote-request', term, last: positionFromWire('last', last), isTransfer: isTransfer ?? false };
  }
  if (wire?.voteReply) return { type: 'vote-reply', term, granted: wire.voteReply.granted ?? false };
  if (wire?.timeoutNow) return { type: 'timeout-now', term };
  return unreadable('body', undefined, 'a Raft message that this release knows');
}

function appendRequestFromWire(term: Term, wire: odradek.internal.v1.AppendRequest.$Properties): RaftMessage {
  const previous = positionFromWire('previous', wire.previous);
  const entries = (wire.entries ?? []).map(entryFromWire);
  // The core takes contiguity for granted; only here is it still input.
  entries.forEach((entry, at) => {
    if (entry.index !== previous.index + 1 + at)
      unreadable('entries.index', entry.index, `the index after ${previous.index + at}`);
  });
  return {
    type: 'append-request',
    term,
    previous,
    entries,
    commitIndex: index('commit_index', wire.commitIndex),
    round: count('round', wire.round),
  };
}

function chunkFromWire(term: Term, wire: odradek.internal.v1.SnapshotChunkRequest.$Properties): RaftMessage {
  return {
    type: 'snapshot-chunk-request',
    term,
    round: count('round', wire.round),
    snapshot: snapshotFromWire(wire.snapshot),
    offset: count('offset', wire.offset),
    bytes: wire.content ?? new Uint8Array(0),
    isLast: wire.isLast ?? false,
  };
}

function count(field: string, value: number | null | undefined): number {
  return must(field, positionFromOutside<number>('count', value ?? 0));
}

function index(field: string, value: number | null | undefined): LogIndex {
  return must(field, logIndexFromOutside(value ?? 0));
}
