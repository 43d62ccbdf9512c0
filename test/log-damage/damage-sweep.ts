/**
 * Damages a small partition log in every way, one at a time, and counts what became of it.
 */
import { allDamage, makeDamageTemplate, type Damage, type LastEnd } from './damaged-log.ts';
import { judgeDamage, type DamageOutcome, type Judgement } from './judge-damage.ts';

type Row = Readonly<Record<DamageOutcome, number>>;

/** Plain data: it crosses between processes. */
export interface DamageSweep {
  /** By way of damage and kind of file. */
  readonly table: readonly (readonly [name: string, row: Row])[];
  readonly looked: number;
  readonly wrong: readonly (Damage & Judgement & { readonly lastEnd: LastEnd })[];
}

const outcomes = ['carried nothing', 'repaired', 'reported', 'dropped', 'refused', 'wrong'] as const;
const wrongShownMax = 20;

interface SweepOptions {
  /** Every n-th damage, from `first` on. */
  readonly stride: number;
  readonly first?: number;
  /** Rows of the table whose name has this in it. */
  readonly only?: string;
}

export async function sweepDamage({ stride, first = 0, only = '' }: SweepOptions): Promise<DamageSweep> {
  const table = new Map<string, Row>();
  const wrong: (Damage & Judgement & { lastEnd: LastEnd })[] = [];
  let looked = 0;
  for (const lastEnd of ['closed', 'killed'] as const) {
    const template = await makeDamageTemplate(lastEnd);
    let number = 0;
    for (const damage of allDamage(template)) {
      const name = `${lastEnd}: ${damage.how}, ${kindOf(damage.path)}`;
      if (!name.includes(only)) continue;
      number += 1;
      if (number % stride !== first % stride) continue;
      const judged = await judgeDamage(template, damage);
      looked += 1;
      const row = table.get(name) ?? none;
      table.set(name, { ...row, [judged.outcome]: row[judged.outcome] + 1 });
      if (judged.outcome === 'wrong' && wrong.length < wrongShownMax) wrong.push({ lastEnd, ...damage, ...judged });
    }
  }
  return { table: [...table], looked, wrong };
}

const none: Row = { 'carried nothing': 0, repaired: 0, reported: 0, dropped: 0, refused: 0, wrong: 0 };

export function joinSweeps(sweeps: readonly DamageSweep[]): DamageSweep {
  const table = new Map<string, Row>();
  for (const [name, row] of sweeps.flatMap((sweep) => sweep.table)) {
    const joined = { ...(table.get(name) ?? none) };
    for (const outcome of outcomes) joined[outcome] += row[outcome];
    table.set(name, joined);
  }
  const looked = sweeps.reduce((sum, sweep) => sum + sweep.looked, 0);
  return { table: [...table], looked, wrong: sweeps.flatMap(({ wrong }) => wrong) };
}

/** `….log`, `checkpoint` and so on. */
function kindOf(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/^\d+/, '*');
}

export function damageTable({ table, looked }: DamageSweep): string {
  const line = (name: string, numbers: readonly (string | number)[]): string =>
    name.padEnd(44) + numbers.map((number) => String(number).padStart(16)).join('');
  const rows = table.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const sums = outcomes.map((outcome) => rows.reduce((sum, [, row]) => sum + row[outcome], 0));
  return [
    line('log, damage, file', outcomes),
    ...rows.map(([name, row]) =>
      line(
        name,
        outcomes.map((outcome) => row[outcome]),
      ),
    ),
    line(`${looked} damages`, sums),
  ].join('\n');
}
