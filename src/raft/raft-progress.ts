/**
 * What the leader believes about one peer, and how it sends to it.
 *
 *   probe      the peer's log is unknown: one append at a time, until one fits
 *   replicate  it fits: appends are sent ahead of the answers, up to the window
 *   snapshot   it needs entries that are gone: chunks of a snapshot, one at a time
 *
 * A rejection leads from replicate back to probe, an answer that fits leads to replicate. Sending itself is
 * raft-replication.ts and raft-snapshot-sender.ts.
 */
import { assert } from '../base/assert.ts';
import { RingQueue } from '../base/ring-queue.ts';
import { indexZero, logIndex, nextIndex, type LogIndex } from '../base/raft-position.ts';
import type { SnapshotMetadata, Voter } from './raft-entry.ts';
import type { RaftLimits } from './raft-options.ts';

interface AppendInFlight {
  readonly lastIndex: LogIndex;
  readonly bytes: number;
}

/** A transfer in chunks; `snapshot` is undefined until the first chunk is loaded. */
export interface SnapshotTransfer {
  snapshot: SnapshotMetadata | undefined;
  offset: number;
  /** The furthest byte that was ever sent of this snapshot; the peer may be there already when an old answer is late. */
  sentEnd: number;
  isLoading: boolean;
  sentMs: number;
}

export type ProgressMode =
  /** `sent`: the entries that went with the probe, in flight as soon as it fits. */
  | { readonly name: 'probe'; isWaiting: boolean; sent: AppendInFlight | undefined }
  | { readonly name: 'replicate' }
  | { readonly name: 'snapshot'; readonly transfer: SnapshotTransfer };

export class Progress {
  readonly peer: Voter;
  /** False while the peer is only joining: it is sent everything and counts for nothing (R12). */
  isVoter: boolean;
  mode: ProgressMode = { name: 'probe', isWaiting: false, sent: undefined };
  /** Entries from here on are being read back from the store for this peer. */
  loadingFrom: LogIndex | undefined;
  lastContactMs: number;
  /** The highest round of this leadership that the peer has answered. Grows. */
  ackedRound = 0;
  /** The commit index that the peer was told last. */
  commitIndexSent: LogIndex = indexZero;
  #matchedIndex: LogIndex = indexZero;
  #nextIndex: LogIndex;
  readonly #inFlight: RingQueue<AppendInFlight>;
  #inFlightBytes = 0;
  readonly #limits: RaftLimits;

  constructor(options: {
    readonly peer: Voter;
    readonly isVoter: boolean;
    readonly nextIndex: LogIndex;
    readonly nowMs: number;
    readonly limits: RaftLimits;
  }) {
    this.peer = options.peer;
    this.isVoter = options.isVoter;
    this.#nextIndex = options.nextIndex;
    this.lastContactMs = options.nowMs;
    this.#limits = options.limits;
    this.#inFlight = new RingQueue(options.limits.inFlightAppendsMax);
  }

  /** The peer's log equals the leader's up to here, durably. Grows. */
  get matchedIndex(): LogIndex {
    return this.#matchedIndex;
  }

  /** The next entry to send; everything below is matched, in flight, or (when probing) guessed. */
  get nextIndex(): LogIndex {
    return this.#nextIndex;
  }

  get inFlightCount(): number {
    return this.#inFlight.length;
  }

  get hasRoom(): boolean {
    return (
      this.#inFlight.length < this.#limits.inFlightAppendsMax && this.#inFlightBytes < this.#limits.inFlightBytesMax
    );
  }

  onContact(nowMs: number, round: number): void {
    this.lastContactMs = nowMs;
    this.ackedRound = Math.max(this.ackedRound, round);
  }

  onSent(lastIndex: LogIndex, bytes: number): void {
    assert(lastIndex >= this.#nextIndex, 'what is sent is news to the peer', () => ({ lastIndex }));
    assert(this.mode.name !== 'snapshot', 'entries follow a snapshot, they do not overtake it');
    if (this.mode.name === 'probe') {
      this.mode.sent = { lastIndex, bytes };
      return;
    }
    const pushed = this.#inFlight.push({ lastIndex, bytes });
    assert(pushed.ok, 'nothing is sent to a full window');
    this.#inFlightBytes += bytes;
    this.#nextIndex = nextIndex(lastIndex);
  }

  /** The peer confirmed up to `index`. An older confirmation than one already seen changes nothing. */
  onMatched(index: LogIndex): void {
    if (index > this.#matchedIndex) this.#matchedIndex = index;
    if (this.#nextIndex <= this.#matchedIndex) this.#nextIndex = nextIndex(this.#matchedIndex);
    for (let oldest = this.#inFlight.peek(); oldest !== undefined; oldest = this.#inFlight.peek()) {
      if (oldest.lastIndex > this.#matchedIndex) break;
      this.#inFlightBytes -= oldest.bytes;
      this.#inFlight.shift();
    }
    assert(this.#inFlightBytes >= 0, 'what is in flight weighs something', () => ({ bytes: this.#inFlightBytes }));
  }

  probeFrom(next: LogIndex): void {
    assert(next > this.#matchedIndex, 'what matched is not probed again', () => ({ next, at: this.#matchedIndex }));
    this.#clearInFlight();
    this.mode = { name: 'probe', isWaiting: false, sent: undefined };
    this.#nextIndex = next;
  }

  replicate(): void {
    const sent = this.mode.name === 'probe' ? this.mode.sent : undefined;
    this.#clearInFlight();
    this.mode = { name: 'replicate' };
    this.#nextIndex = nextIndex(this.#matchedIndex);
    if (sent !== undefined && sent.lastIndex > this.#matchedIndex) this.onSent(sent.lastIndex, sent.bytes);
  }

  sendSnapshot(nowMs: number): SnapshotTransfer {
    this.#clearInFlight();
    const transfer = { snapshot: undefined, offset: 0, sentEnd: 0, isLoading: false, sentMs: nowMs };
    this.mode = { name: 'snapshot', transfer };
    this.#nextIndex = logIndex(this.#matchedIndex + 1);
    return transfer;
  }

  #clearInFlight(): void {
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
  }
}
