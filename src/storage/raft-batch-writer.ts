/**
 * Carries the raft store from one durable state to the next, one synced batch at a time, in both witnesses.
 *
 * The store below and the sentinel are written in parallel, so a batch costs little more than the slower of the
 * two syncs. The first failure of any kind is the last thing that happens: afterwards every call rejects with it,
 * for after a failed sync the page cache shows bytes that the disk does not have.
 */
import { assert, InvariantError } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import type { KeyValueStore } from '../ports/key-value-store.ts';
import { entryKey, writesForState, type PlacedRecord } from './raft-keys.ts';
import { redoBytesMax, type RaftSentinel } from './raft-sentinel.ts';
import { encodeState, type EncodedState, type RaftFacts, type RaftState } from './raft-state-record.ts';

/** Far more than one voter has use for: a driver that lets them pile up has lost its flow control. */
const turnsWaitingMax = 64;
const droppedKeysPerBatchMax = 1024;

export class RaftBatchWriter {
  readonly #level: KeyValueStore;
  readonly #sentinel: RaftSentinel;
  #state: EncodedState;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #turnsWaiting = 0;
  #failure: FaultError | undefined;
  #isCommitting = false;

  constructor({ level, sentinel, state }: { level: KeyValueStore; sentinel: RaftSentinel; state: EncodedState }) {
    this.#level = level;
    this.#sentinel = sentinel;
    this.#state = state;
  }

  /** The last durable state. */
  get state(): RaftState {
    return this.#state.state;
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Runs `act` after everything that was asked for before. A rejection ends the store. */
  async inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    this.throwIfFailed();
    assert(this.#turnsWaiting < turnsWaitingMax, 'writes to the raft store do not pile up', { turnsWaitingMax });
    this.#turnsWaiting += 1;
    const turn = this.#lastTurn.then(() => this.orFail(act));
    // Whoever asked hears of the rejection; the turns after it find the failure.
    this.#lastTurn = turn.then(
      () => {},
      () => {},
    );
    try {
      return await turn;
    } finally {
      this.#turnsWaiting -= 1;
    }
  }

  /** A fault of the disk, or damage, is remembered and ends the store; a broken promise of the code is a bug and passes. */
  async orFail<Value>(act: () => Promise<Value>): Promise<Value> {
    this.throwIfFailed();
    try {
      return await act();
    } catch (cause) {
      if (cause instanceof InvariantError) throw cause;
      this.#failure ??= asFault(cause);
      throw this.#failure;
    }
  }

  /** Within a turn. When it resolves, the state and the records are durable twice. */
  async commit(facts: RaftFacts, records: readonly PlacedRecord[]): Promise<void> {
    assert(!this.#isCommitting, 'one batch is written at a time');
    this.#isCommitting = true;
    const { sequence, directoryId, logLast } = this.#state.state;
    const { hardState, logStart, snapshot } = facts;
    const next = encodeState({
      hardState,
      logStart,
      logLast: facts.logLast,
      snapshot,
      directoryId,
      sequence: sequence + 1,
      previousCrc: this.#state.crc,
    });
    const writes = writesForState({ lastBefore: logLast.index, next, records });
    const redoBytes = records.reduce((total, { record }) => total + 4 + record.length, 0);
    if (redoBytes <= redoBytesMax) {
      await both(this.#level.batch(writes, { sync: true }), this.#sentinel.write({ state: next, redo: records }));
    } else {
      // Too large to carry twice. The slot then claims what it cannot redo, so it is written only when that is true.
      await this.#level.batch(writes, { sync: true });
      await this.#sentinel.write({ state: next, redo: undefined });
    }
    this.#state = next;
    this.#isCommitting = false;
  }

  /** Entries that no state names any more. Not synced: a start that finds them drops them again. */
  async dropEntries({ from, to }: { from: number; to: number }): Promise<void> {
    assert(to <= this.state.logStart.index, 'only entries that no state names are dropped', { from, to });
    for (let first = from; first <= to; first += droppedKeysPerBatchMax) {
      const count = Math.min(droppedKeysPerBatchMax, to - first + 1);
      const removes = Array.from({ length: count }, (_, offset) => entryKey(first + offset));
      await this.inTurn(() =>
        this.#level.batch(
          removes.map((key) => ({ type: 'remove', key })),
          { sync: false },
        ),
      );
    }
  }

  /** Ends the store: what waits is refused, what is under way is waited for. False when it was ended before. */
  async close(): Promise<void> {
    this.#failure ??= new FaultError('the raft store is closed', {});
    await this.#lastTurn;
    await this.#sentinel.close();
    await this.#level.close();
  }
}

/** Rejects only when neither is still running. */
async function both(first: Promise<void>, second: Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled([first, second]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

function asFault(cause: unknown): FaultError {
  if (cause instanceof FaultError) return cause;
  return new FaultError('the raft store failed, and stays closed', {}, cause);
}
