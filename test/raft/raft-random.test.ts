/**
 * Thousands of short lives, each from a seed: see random-run.ts. RAFT_SEED=n replays one, RAFT_RUNS=n runs more.
 */
import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { runRandomly } from './random-run.ts';

const actionsMax = 1200;
const firstSeed = Number(process.env['RAFT_SEED'] ?? 1);
const runs = Number(process.env['RAFT_RUNS'] ?? (process.env['RAFT_SEED'] === undefined ? 200 : 1));

test('no history of crashes, losses and changes breaks an invariant', () => {
  const reached = new Map<string, number>();
  for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
    try {
      for (const [what, count] of runRandomly(seed, actionsMax).reached) {
        reached.set(what, (reached.get(what) ?? 0) + count);
      }
    } catch (error) {
      const facts = error instanceof InvariantError ? JSON.stringify(error.facts).slice(0, 600) : '';
      throw new Error(`RAFT_SEED=${seed} ${String(error)} ${facts}`, { cause: error });
    }
  }
  if (runs < 200) return;
  // What never happens cannot go wrong, and shows nothing.
  const rare = [...everything].filter((what) => (reached.get(what) ?? 0) < 5);
  expect(rare).toEqual([]);
});

const everything = [
  'append-rejection',
  'append-reply',
  'append-request',
  'apply',
  'became-candidate',
  'became-follower',
  'became-leader',
  'change-voters',
  'compacted',
  'crash',
  'entries-loaded',
  'install-snapshot',
  'leadership-established',
  'load-entries',
  'load-snapshot-chunk',
  'peers-changed',
  'persist',
  'pre-vote-reply',
  'pre-vote-request',
  'proposal-committed',
  'proposal-outcome-unknown',
  'proposal-refused',
  'read-ready',
  'read-refused',
  'restore-snapshot',
  'snapshot-chunk-loaded',
  'snapshot-chunk-reply',
  'snapshot-chunk-request',
  'snapshot-chunk-stored',
  'store-snapshot-chunk',
  'timeout-now',
  'transfer-ended',
  'vote-reply',
  'vote-request',
  'voters-changed',
  'wipe',
];
