/**
 * A stream of writes that goes on whatever happens to the voters: one every so often, or as many at once as there may
 * be. Keeps the ledger, and knows when a write got through.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { uniqueIdFromBytes } from '../../src/base/ids.ts';
import type { CountReply } from '../quorum/producer-id-counter.ts';
import type { Answered, PatientWriter } from './patient-writer.ts';
import { WriteLedger } from './write-ledger.ts';

type AnsweredCount = Answered<CountReply>;

export interface PacedWritesOptions {
  readonly writer: PatientWriter;
  /** From one write to the next; 0: as fast as the writes in flight allow. */
  readonly everyMs: number;
  readonly inFlightMax: number;
}

export class PacedWrites {
  readonly ledger = new WriteLedger();
  readonly #options: PacedWritesOptions;
  readonly #onAnswered = new Set<(answered: AnsweredCount) => void>();
  #inFlight = 0;
  #isOver = false;
  #longestMs = 0;
  #retried = 0;
  readonly #ended: Promise<void>;

  constructor(options: PacedWritesOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  get answeredCount(): number {
    return this.ledger.answeredCount;
  }

  /** From the first attempt to the answer. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Writes that needed more than one attempt. */
  get retried(): number {
    return this.#retried;
  }

  /** When the first write is answered whose attempt began after this call: the quorum takes writes again. */
  untilWritable(): Promise<number> {
    const fromMs = performance.now();
    return new Promise((resolve) => {
      const look = ({ sentMs, answeredMs }: AnsweredCount): void => {
        if (sentMs < fromMs) return;
        this.#onAnswered.delete(look);
        resolve(answeredMs - fromMs);
      };
      this.#onAnswered.add(look);
    });
  }

  /** Begins no more; resolves when all are answered or given up. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { everyMs, inFlightMax } = this.#options;
    let nextMs = performance.now();
    while (!this.#isOver) {
      if (this.#inFlight < inFlightMax) {
        void this.#writeOne();
        nextMs += everyMs;
      }
      if (everyMs > 0) await delay(Math.max(1, nextMs - performance.now()));
      else if (this.#inFlight >= inFlightMax) await this.#untilAnswered();
    }
    while (this.#inFlight > 0) await delay(5);
  }

  async #writeOne(): Promise<void> {
    const requestId = uniqueIdFromBytes(randomBytes(16));
    const startedMs = performance.now();
    this.#inFlight += 1;
    this.ledger.ask(requestId);
    const answered = await this.#options.writer.count(requestId);
    this.#inFlight -= 1;
    this.#longestMs = Math.max(this.#longestMs, performance.now() - startedMs);
    if (answered === undefined) return;
    if (answered.attempts > 1) this.#retried += 1;
    this.ledger.answer({ requestId, reply: answered.reply, index: answered.index });
    for (const look of this.#onAnswered) look(answered);
  }

  #untilAnswered(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 100);
      const look = (): void => {
        clearTimeout(timer);
        this.#onAnswered.delete(look);
        resolve();
      };
      this.#onAnswered.add(look);
    });
  }
}
