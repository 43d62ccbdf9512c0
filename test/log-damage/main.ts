/**
 * Flips every bit of a small partition log and its side files, cuts each file short at every length, and tears its last
 * append in every way.
 *
 *   make sweep-log [STRIDE=n] [ONLY=text]      every n-th damage, of the rows of the table that have the text; else all
 *
 * Prints a table and ends with status 1 when any of it was served, lost without a word, or dropped where it was durable.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { damageTable, joinSweeps, sweepDamage, type DamageSweep } from './damage-sweep.ts';

const workers = 2;
const stride = Number(process.env['STRIDE'] ?? 1) * workers;
const share = process.argv[2];

if (share === undefined) {
  const startedAt = Date.now();
  const result = joinSweeps(await Promise.all(Array.from({ length: workers }, (_, first) => sweepElsewhere(first))));
  process.stdout.write(`${damageTable(result)}\n${Math.round((Date.now() - startedAt) / 1000)} s\n`);
  for (const { lastEnd, how, path, at, message } of result.wrong)
    process.stdout.write(`wrong: ${lastEnd}, ${how} at ${at} of ${path}: ${message}\n`);
  process.exitCode = result.wrong.length === 0 && result.looked > 0 ? 0 : 1;
} else {
  process.send?.(await sweepDamage({ stride, first: Number(share), only: process.env['ONLY'] ?? '' }));
}

function sweepElsewhere(first: number): Promise<DamageSweep> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [String(first)], { execArgv: ['--import', 'tsx'] });
    child.on('message', (sweep: DamageSweep) => resolve(sweep));
    child.on('exit', (code) => reject(new Error(`a part of the sweep ended with ${code}`)));
  });
}
