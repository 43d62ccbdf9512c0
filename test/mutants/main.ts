/**
 * `make mutants [ONLY=X07,X08]`: plants every bug of the catalogues, one at a time, and prints who killed it.
 * Fails when one survives, or dies for a reason that does not name its promise.
 */
import { catalogues } from './catalogues.ts';
import { hunt, type HuntLimits, type Verdict } from './hunt.ts';
import type { Mutant } from './mutant.ts';

const parallel = 2;
const limits: HuntLimits = { testsMsMax: 180_000, seedsMsMax: 300_000, seedsMax: 2_000 };

interface Row {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  readonly seconds: number;
}

const wanted = process.argv[2]?.split(',') ?? [];
const mutants = catalogues.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
const rows: Row[] = [];

await Promise.all(Array.from({ length: parallel }, huntFromTheQueue));
rows.sort((left, right) => left.mutant.id.localeCompare(right.mutant.id));
printTable(rows);

const alive = rows.filter(({ verdict }) => verdict.type !== 'killed');
for (const { mutant, verdict } of alive) {
  if (verdict.type === 'wrong-reason')
    console.log(`\n${mutant.id} failed, but nothing names ${String(mutant.breaks)}:\n${verdict.output.slice(-3000)}`);
}
console.log(`\n${rows.length - alive.length} of ${rows.length} planted bugs killed`);
process.exitCode = alive.length === 0 && rows.length > 0 ? 0 : 1;

async function huntFromTheQueue(): Promise<void> {
  for (let mutant = mutants.shift(); mutant !== undefined; mutant = mutants.shift()) {
    const startedMs = performance.now();
    const verdict = await hunt(mutant, limits);
    const seconds = (performance.now() - startedMs) / 1000;
    rows.push({ mutant, verdict, seconds });
    if (process.stderr.isTTY)
      console.error(`${mutant.id} ${verdict.type} after ${seconds.toFixed(0)} s, ${mutants.length} to go`);
  }
}

function printTable(all: readonly Row[]): void {
  for (const { mutant, verdict, seconds } of all) {
    const seeds = verdict.type === 'killed' && verdict.seeds !== undefined ? `${verdict.seeds} seeds` : 'tests';
    const how =
      verdict.type === 'killed' ? `killed by ${seeds.padEnd(10)} ${verdict.killer}` : verdict.type.toUpperCase();
    console.log(`${mutant.id.padEnd(5)} ${`${seconds.toFixed(0)} s`.padStart(6)}  ${mutant.bug}\n             ${how}`);
  }
}
