/**
 * A process that runs chunks of seeds: its two ends. Seeds share nothing, so every core gets one.
 */
import { fork } from 'node:child_process';
import { assert } from '../../src/base/assert.ts';
import type { ChunkRunner } from './campaign.ts';
import { findScenario } from './scenarios.ts';
import { runChunk, type ChunkReport, type SeedChunk } from './seed-chunk.ts';

export interface WorkerProcess extends ChunkRunner {
  stop(): void;
}

/** `program` calls `serveChunks` when it is started with the argument --worker. */
export function startWorker(program: string): WorkerProcess {
  const child = fork(program, ['--worker']);
  return {
    run(chunk) {
      return new Promise((resolve, reject) => {
        const onExit = (code: number | null): void => reject(new Error(`a worker died with code ${String(code)}`));
        child.once('exit', onExit);
        child.once('message', (report) => {
          child.off('exit', onExit);
          resolve(report as ChunkReport);
        });
        child.send(chunk);
      });
    },
    stop() {
      child.disconnect();
    },
  };
}

export function serveChunks(): void {
  process.on('message', (chunk: SeedChunk) => {
    const scenario = findScenario(chunk.scenario);
    assert(scenario !== undefined, 'a worker knows the scenarios of its campaign', { scenario: chunk.scenario });
    void runChunk(scenario, chunk).then((report) => process.send?.(report));
  });
}
