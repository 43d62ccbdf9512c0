/**
 * Short lives of a partition, each from a seed: see random-run.ts. PARTITION_SEED=n replays one, PARTITION_RUNS=n runs
 * more.
 */
import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { runRandomly } from './random-run.ts';

const actionsMax = 800;
const firstSeed = Number(process.env['PARTITION_SEED'] ?? 1);
const ordinaryRuns = 80;
const runs = Number(process.env['PARTITION_RUNS'] ?? (process.env['PARTITION_SEED'] === undefined ? ordinaryRuns : 1));

test('no history of crashes, losses and elections breaks an invariant', { timeout: 3_600_000 }, () => {
  const reached = new Map<string, number>();
  for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
    try {
      for (const [what, count] of runRandomly(seed, actionsMax).reached) {
        reached.set(what, (reached.get(what) ?? 0) + count);
      }
    } catch (error) {
      const facts = error instanceof InvariantError ? JSON.stringify(error.facts).slice(0, 1000) : '';
      throw new Error(`PARTITION_SEED=${seed} ${String(error)} ${facts}`, { cause: error });
    }
  }
  if (runs < ordinaryRuns) return;
  // What never happens cannot go wrong, and shows nothing.
  const rare = everything.filter((what) => !reached.has(what));
  expect(rare).toEqual([]);
});

const everything = [
  'append',
  'attach',
  'became-follower',
  'became-idle',
  'became-leader',
  'crash',
  'cut',
  'damage-found',
  'delete-outcome-unknown',
  'delete-refused: offset-out-of-range',
  'diverged',
  'drop-below',
  'fetch-ready',
  'fetch-refused: not-leader',
  'fetch-refused: offset-out-of-range',
  'leadership-established',
  'log-cut',
  'log-failed',
  'possible-loss',
  'power cut',
  'produce-done',
  'produce-outcome-unknown',
  'produce-refused: limit-reached',
  'produce-refused: not-enough-in-sync',
  'produce-refused: not-leader',
  'produce-refused: out-of-order-sequence',
  'progress',
  'propose-in-sync',
  'push',
  'records-deleted',
  'reopened',
  'repaired',
  'replaced disk',
  'reset',
  'step-aside',
  'unclean election',
];
