/**
 * A sample of what `make sweep` does exhaustively: single bit flips in a raft store on the real disk and LevelDB.
 */
import { expect, test } from 'vitest';
import { sweepBitFlips, sweepTable } from './bit-flip-sweep.ts';

/** Prime, so that all bits of a byte and all places in a record come up. */
const stride = 433;

test('a flipped bit in a real store is refused with what to do, made good, or was in a byte that carries nothing', async () => {
  const result = await sweepBitFlips({ stride, only: '', workers: 2, onProgress: () => {} });
  expect(result.wrong, sweepTable(result)).toEqual([]);
  expect(result.total).toBeGreaterThan(150);
  const sumOf = (outcome: 'refused' | 'repaired' | 'carried nothing'): number =>
    [...result.table.values()].reduce((sum, row) => sum + row[outcome], 0);
  expect(sumOf('refused')).toBeGreaterThan(10);
  expect(sumOf('repaired')).toBeGreaterThan(3);
  for (const kind of [
    'raft/level/LOG',
    'raft/level/MANIFEST-*',
    'raft/level/*.log',
    'raft/level/*.ldb',
    'raft/sentinel-1',
  ])
    expect([...result.table.keys()]).toContain(kind);
});
