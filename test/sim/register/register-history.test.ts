/**
 * The checker says no exactly when no order of the operations explains what the clients saw.
 */
import { expect, test } from 'vitest';
import { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import type { Operation } from './client-core.ts';
import { RegisterHistory } from './register-history.ts';

/** `w1( r2(1` begins, `)1 )2=1` ends: a small language for histories of one register. */
type Step = { readonly begin: Operation } | { readonly end: Operation; readonly value: number };

const write = (id: number): Operation => ({ id, register: 0, kind: 'write', value: id });
const read = (id: number): Operation => ({ id, register: 0, kind: 'read', value: 0 });

function historyOf(steps: readonly Step[]): RegisterHistory {
  const history = new RegisterHistory();
  for (const step of steps) {
    if ('begin' in step) history.invoked(step.begin);
    else history.returned(step.end, step.value);
  }
  return history;
}

const begin = (operation: Operation): Step => ({ begin: operation });
const end = (operation: Operation, value = operation.value): Step => ({ end: operation, value });
const whole = (operation: Operation, value = operation.value): Step[] => [begin(operation), end(operation, value)];

test.each<[string, readonly Step[], string | undefined]>([
  ['nothing at all', [], undefined],
  ['a read before any write', whole(read(1), 0), undefined],
  ['a read of what was written', [...whole(write(1)), ...whole(read(2), 1)], undefined],
  ['a read of the first value after a write', [...whole(write(1)), ...whole(read(2), 0)], 'as if there were one copy'],
  ['a read of nothing that was written', [...whole(write(1)), ...whole(read(2), 7)], 'returns what was written'],
  ['a read of the future', [...whole(read(2), 1), ...whole(write(1))], 'returns what was written'],
  [
    'two reads that see two writes in turn and back',
    [begin(write(1)), begin(write(2)), ...whole(read(3), 1), ...whole(read(4), 2), ...whole(read(5), 1)],
    'as if there were one copy',
  ],
  [
    'reads that see concurrent writes in some order',
    [begin(write(1)), begin(write(2)), ...whole(read(3), 2), ...whole(read(4), 1), end(write(1)), end(write(2))],
    undefined,
  ],
  ['a write that nobody heard of and nobody saw', [begin(write(1)), ...whole(read(2), 0)], undefined],
  [
    'a write that nobody heard of, seen and gone again',
    [begin(write(1)), ...whole(read(2), 1), ...whole(read(3), 0)],
    'as if there were one copy',
  ],
  ['a read that never returned', [...whole(write(1)), begin(read(2))], undefined],
])('%s', (_what, steps, flaw) => {
  const found = historyOf(steps).findFlaw(1)?.what;
  if (flaw === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(flaw);
});

test('registers are judged one by one', () => {
  const history = new RegisterHistory();
  const other: Operation = { ...write(1), register: 1 };
  history.invoked(other);
  history.returned(other, 1);
  const stale: Operation = { ...read(2), register: 1 };
  history.invoked(stale);
  history.returned(stale, 0);
  expect(history.findFlaw(1)).toBeUndefined();
  expect(history.findFlaw(2)?.register).toBe(1);
});

test('the fast checker agrees with trying every order on random histories', () => {
  const random = new SimulatedRandom(11);
  const verdicts = { fine: 0, flawed: 0 };
  for (let round = 0; round < 1_500; round += 1) {
    const steps = randomSteps(random);
    const isFine = someOrderExplains(steps);
    expect({ round, isFine: historyOf(steps).findFlaw(1) === undefined }).toEqual({ round, isFine });
    verdicts[isFine ? 'fine' : 'flawed'] += 1;
  }
  expect(Math.min(verdicts.fine, verdicts.flawed)).toBeGreaterThan(200);
});

function randomSteps(random: SimulatedRandom): Step[] {
  const steps: Step[] = [];
  const open: Operation[] = [];
  const written = [0];
  for (let id = 1; id <= 6;) {
    if (open.length > 0 && (open.length === 3 || random.chance(0.5))) {
      const [done] = open.splice(random.integerBelow(open.length), 1);
      if (done === undefined) throw new Error('one of the open operations ends');
      if (done.kind === 'read') steps.push(end(done, random.pick(written.slice(-3))));
      else if (random.chance(0.9)) steps.push(end(done));
    } else {
      const operation = random.chance(0.4) ? write(id) : read(id);
      if (operation.kind === 'write') written.push(id);
      open.push(operation);
      steps.push(begin(operation));
      id += 1;
    }
  }
  return steps;
}

interface Span {
  readonly operation: Operation;
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** Tries every order in which nothing comes before what had ended earlier. Unheard-of operations may be left out. */
function someOrderExplains(steps: readonly Step[]): boolean {
  const spans: Span[] = [];
  for (const [from, step] of steps.entries()) {
    if (!('begin' in step)) continue;
    const to = steps.findIndex((other) => 'end' in other && other.end.id === step.begin.id);
    const ending = steps[to];
    const value = ending !== undefined && 'end' in ending ? ending.value : step.begin.value;
    if (to >= 0 || step.begin.kind === 'write')
      spans.push({ operation: step.begin, from, to: to < 0 ? Infinity : to, value });
  }
  const search = (left: readonly Span[], current: number): boolean => {
    if (left.every(({ to }) => to === Infinity)) return true;
    const firstEnd = Math.min(...left.map(({ to }) => to));
    return left
      .filter(({ from }) => from < firstEnd)
      .some((next) => {
        const others = left.filter((span) => span !== next);
        if (next.operation.kind === 'write') return search(others, next.value);
        return next.value === current && search(others, current);
      });
  };
  return search(spans, 0);
}
