/**
 * A conversation of voters, written down so that a reader can follow it: one line per event that a voter was given,
 * and below it, indented, what the voter made of it. Ticks that cause nothing are left out.
 */
import type { RaftEffect } from '../../src/raft/raft-effect.ts';
import type { Entry, LogPosition, Voter } from '../../src/raft/raft-entry.ts';
import type { RaftEvent } from '../../src/raft/raft-event.ts';
import type { RaftMessage } from '../../src/raft/raft-message.ts';
import type { TestVoter } from './test-voter.ts';

const decoder = new TextDecoder();

export class Conversation {
  readonly #lines: string[] = [];

  /** Give it to the cluster as its observer. */
  readonly observe = (voter: TestVoter, event: RaftEvent, effects: readonly RaftEffect[]): void => {
    if (event.type === 'tick' && effects.length === 0) return;
    this.#lines.push(`${voter.voterId} ${describeEvent(event)}`);
    for (const effect of effects) this.#lines.push(`      ${describeEffect(effect)}`);
  };

  /** What the scenario does to the cluster, from outside. */
  say(text: string): void {
    this.#lines.push('', `# ${text}`);
  }

  /** Leaves out what was said so far. */
  skip(): void {
    this.#lines.length = 0;
  }

  toString(): string {
    return `${this.#lines.join('\n').trim()}\n`;
  }
}

function describeEvent(event: RaftEvent): string {
  switch (event.type) {
    case 'tick':
      return 'time passes';
    case 'message':
      return `<- ${event.from} ${describeMessage(event.message)}`;
    case 'propose':
      return `is asked to append ${event.proposals.map(({ bytes }) => quote(bytes)).join(' ')}`;
    case 'change-voters':
      return `is asked to ${event.change.type} a voter`;
    case 'read':
      return 'is asked for a read';
    case 'transfer':
      return `is asked to hand over to ${event.target ?? 'anybody'}`;
    case 'persisted':
      return `wrote #${event.sequence}`;
    case 'entries-loaded':
      return `read ${describeEntries(event.entries)} back to ${event.purpose.type}`;
    case 'snapshot-chunk-loaded':
      return `read bytes ${event.chunk?.offset}.. of its snapshot for ${event.to}`;
    case 'snapshot-chunk-stored':
      return `stored ${event.nextOffset} bytes of the snapshot to ${event.snapshot.lastIndex}`;
    case 'compacted':
      return `compacted: snapshot to ${event.snapshot.lastIndex}, log from ${event.firstIndex}`;
  }
}

function describeEffect(effect: RaftEffect): string {
  switch (effect.type) {
    case 'send':
      return `-> ${effect.to} ${describeMessage(effect.message)}`;
    case 'persist': {
      const { hardState, truncateFrom, entries } = effect;
      const vote = hardState === undefined ? '' : ` term ${hardState.term} vote ${hardState.votedFor ?? 'none'}`;
      const cut = truncateFrom === undefined ? '' : ` cut from ${truncateFrom}`;
      return `write #${effect.sequence}${vote}${cut}${entries.length === 0 ? '' : ` ${describeEntries(entries)}`}`;
    }
    case 'install-snapshot':
      return `write #${effect.sequence} snapshot to ${effect.snapshot.lastIndex} in place of the log`;
    case 'store-snapshot-chunk':
      return `store bytes ${effect.chunk.offset}.. of the snapshot to ${effect.chunk.snapshot.lastIndex}`;
    case 'load-entries':
      return `read back ${effect.from}..${effect.to} to ${effect.purpose.type}`;
    case 'load-snapshot-chunk':
      return `read bytes ${effect.offset}.. of the snapshot for ${effect.to}`;
    case 'apply':
      return `apply ${describeEntries(effect.entries)}`;
    case 'restore-snapshot':
      return `restore the snapshot to ${effect.snapshot.lastIndex}`;
    case 'proposal-committed':
      return `answer: committed at ${effect.index}`;
    case 'proposal-refused':
      return `answer: refused, ${effect.problem.type}`;
    case 'proposal-outcome-unknown':
      return 'answer: outcome unknown';
    case 'read-ready':
      return `answer: read once ${effect.index} is applied`;
    case 'read-refused':
      return `answer: read refused, ${effect.problem.type}`;
    case 'transfer-ended':
      return `answer: transfer ${effect.outcome}`;
    case 'became-follower':
      return `! follower in term ${effect.term} of ${effect.leader ?? 'nobody'}`;
    case 'became-candidate':
      return effect.isPreVote ? `! asks for pre-votes after term ${effect.term}` : `! candidate in term ${effect.term}`;
    case 'became-leader':
      return `! leader of term ${effect.term}`;
    case 'leadership-established':
      return `! term ${effect.term} is established by ${effect.index}`;
    case 'peers-changed':
      return `! talks to ${describeVoters(effect.peers)}`;
    case 'voters-changed':
      return `! voters are ${describeVoters(effect.voters)} by ${effect.index}`;
  }
}

function describeMessage(message: RaftMessage): string {
  const head = `${message.type} t${message.term}`;
  switch (message.type) {
    case 'pre-vote-request':
      return `${head} log ends ${at(message.last)}`;
    case 'vote-request':
      return `${head} log ends ${at(message.last)}${message.isTransfer ? ' by transfer' : ''}`;
    case 'pre-vote-reply':
    case 'vote-reply':
      return `${head} ${message.granted ? 'yes' : 'no'}`;
    case 'append-request':
      return `${head} after ${at(message.previous)}: ${describeEntries(message.entries)}; commit ${message.commitIndex}`;
    case 'append-reply':
      return `${head} matched ${message.matchedIndex}`;
    case 'append-rejection':
      return `${head} not after ${message.rejectedIndex}, perhaps after ${at(message.hint)}`;
    case 'snapshot-chunk-request':
      return `${head} to ${message.snapshot.lastIndex}, bytes ${message.offset}..${message.isLast ? ' (last)' : ''}`;
    case 'snapshot-chunk-reply':
      return `${head} to ${message.snapshotIndex}, wants ${message.nextOffset}..`;
    case 'timeout-now':
      return head;
  }
}

/** Index and term, as index/term. */
function at({ index, term }: LogPosition): string {
  return `${index}/${term}`;
}

function describeEntries(entries: readonly Entry[]): string {
  if (entries.length === 0) return 'nothing';
  return entries.map((entry) => `${at(entry)} ${describePayload(entry)}`).join(', ');
}

function describePayload({ payload }: Entry): string {
  if (payload.type === 'command') return quote(payload.bytes);
  return payload.type === 'no-op' ? 'no-op' : `voters ${describeVoters(payload.voters)}`;
}

function describeVoters(voters: readonly Voter[]): string {
  return voters.length === 0 ? 'nobody' : voters.map(({ voterId }) => voterId).join('+');
}

function quote(bytes: Uint8Array): string {
  return JSON.stringify(decoder.decode(bytes));
}
