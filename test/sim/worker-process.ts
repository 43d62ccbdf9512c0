/**
 * A process that runs chunks of seeds: its two ends. Seeds share nothing, so every core gets one.
 *
 * A seed that never ends cannot say so itself: a loop without virtual time lets nothing else run. So a worker says
 * which seed it begins, and the campaign ends with the name of one that takes too long.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { assert } from '../../src/base/assert.ts';
import type { ChunkRunner } from './campaign.ts';
import { findScenario } from './scenarios.ts';
import { runChunk, type ChunkReport, type SeedChunk } from './seed-chunk.ts';

export interface WorkerProcess extends ChunkRunner {
  stop(): void;
}

/** By the wall clock. Seeds take a second or two; a busy machine may need several times that. */
export const seedMsMaxDefault = 120_000;

type FromWorker =
  | { readonly type: 'began'; readonly seed: number }
  | { readonly type: 'report'; readonly report: ChunkReport };

/** `program` calls `serveChunks` when it is started with the argument --worker. */
export function startWorker(program: string, seedMsMax = seedMsMaxDefault): WorkerProcess {
  const child = fork(program, ['--worker']);
  return {
    run: (chunk) => new ChunkInProgress(child, chunk, seedMsMax).outcome,
    stop() {
      if (child.connected) child.disconnect();
    },
  };
}

class ChunkInProgress {
  readonly outcome: Promise<ChunkReport>;
  readonly #child: ChildProcess;
  readonly #chunk: SeedChunk;
  readonly #seedMsMax: number;
  #seed: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #resolve!: (report: ChunkReport) => void;
  #reject!: (fault: Error) => void;

  constructor(child: ChildProcess, chunk: SeedChunk, seedMsMax: number) {
    this.#child = child;
    this.#chunk = chunk;
    this.#seedMsMax = seedMsMax;
    this.#seed = chunk.from;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    child.on('message', this.#onMessage);
    child.once('exit', this.#onExit);
    child.send(chunk);
    this.#await();
  }

  readonly #onMessage = (message: unknown): void => {
    const told = message as FromWorker;
    if (told.type === 'began') {
      this.#seed = told.seed;
      this.#await();
      return;
    }
    this.#leave();
    this.#resolve(told.report);
  };

  readonly #onExit = (code: number | null, signal: string | null): void => {
    this.#leave();
    this.#reject(new Error(`a worker died with ${String(code ?? signal)} in ${this.#replay}`));
  };

  #await(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#leave();
      this.#child.kill('SIGKILL');
      this.#reject(new Error(`a seed did not end within ${this.#seedMsMax / 1000} s: ${this.#replay}`));
    }, this.#seedMsMax);
  }

  get #replay(): string {
    return `make sim SCENARIO=${this.#chunk.scenario} SEED=${this.#seed}`;
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#child.off('message', this.#onMessage);
    this.#child.off('exit', this.#onExit);
  }
}

export function serveChunks(): void {
  const tell = (message: FromWorker): void => {
    process.send?.(message);
  };
  process.on('message', (chunk: SeedChunk) => {
    const scenario = findScenario(chunk.scenario);
    assert(scenario !== undefined, 'a worker knows the scenarios of its campaign', { scenario: chunk.scenario });
    const onSeed = (seed: number): void => tell({ type: 'began', seed });
    void runChunk(scenario, chunk, onSeed).then((report) => tell({ type: 'report', report }));
  });
}
