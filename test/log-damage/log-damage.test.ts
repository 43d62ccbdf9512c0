/**
 * A sample of what `make sweep-log` does exhaustively: one damage at a time in a small partition log.
 */
import { expect, test } from 'vitest';
import { damageTable, joinSweeps, sweepDamage } from './damage-sweep.ts';

/** Prime, so that all bits of a byte and all places in a batch come up. */
const stride = 401;

test('S2, S3: no damage is served, and what it costs is repaired, reported, or was not flushed', async () => {
  const result = await sweepDamage({ stride });
  const table = damageTable(result);
  expect(result.wrong, table).toEqual([]);
  const sumOf = (outcome: 'repaired' | 'reported' | 'dropped', of: RegExp): number =>
    result.table.reduce((sum, [name, row]) => (of.test(name) ? sum + row[outcome] : sum), 0);
  expect(sumOf('reported', /flipped, \*\.log/), table).toBeGreaterThan(50);
  expect(sumOf('repaired', /index|checkpoint/), table).toBeGreaterThan(20);
  expect(sumOf('dropped', /killed: (torn|cut)/), table).toBeGreaterThan(0);
  expect(sumOf('dropped', /closed/), table).toBe(0);
});

test('parts of a sweep that were done apart are one sweep', async () => {
  const whole = await sweepDamage({ stride: 2000 });
  const parts = await Promise.all([0, 1].map((part) => sweepDamage({ stride: 4000, first: part * 2000 })));
  const joined = joinSweeps(parts);
  expect(joined.looked).toBe(whole.looked);
  expect(damageTable(joined)).toBe(damageTable(whole));
});

test('S3: a log that is cut off anywhere before what was flushed is damaged from there on', async () => {
  const result = await sweepDamage({ stride: 19, only: 'closed: cut short, *.log' });
  const table = damageTable(result);
  expect(result.wrong, table).toEqual([]);
  expect(result.looked, table).toBeGreaterThan(100);
  expect(result.table.map(([, { reported }]) => reported)).toEqual([result.looked]);
});
