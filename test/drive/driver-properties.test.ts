import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { barrier, inLane, now, Stage, type ScriptedEffect } from './scripted-machine.ts';

type Shape = 'now' | 'x' | 'y' | 'barrier';
interface PlannedEffect {
  readonly shape: Shape;
  readonly slow: boolean;
  readonly answers: boolean;
}

const plannedEffect = fc.record<PlannedEffect>({
  shape: fc.constantFrom<Shape[]>('now', 'x', 'y', 'barrier'),
  slow: fc.boolean(),
  answers: fc.boolean(),
});
const plannedEvents = fc.array(fc.array(plannedEffect, { maxLength: 5 }), { minLength: 1, maxLength: 8 });

function effectOf(name: string, { shape, slow, answers }: PlannedEffect): ScriptedEffect {
  const more = answers ? { slow, answer: `${name} answer` } : { slow };
  if (shape === 'now') return now(name, more);
  return shape === 'barrier' ? barrier(name, more) : inLane(shape, name, more);
}

/** Submits every event, and ends running effects in the order that `choices` picks, until nothing runs. */
async function perform(plan: readonly (readonly PlannedEffect[])[], choices: readonly number[]): Promise<Stage> {
  const effects = new Map(
    plan.map((planned, at) => [`event${at}`, planned.map((effect, index) => effectOf(`event${at}.${index}`, effect))]),
  );
  const stage = new Stage((event) => effects.get(event.name) ?? [], { effectsInFlightMax: 10, stepsPerTurnMax: 1000 });
  const running: string[] = [];
  stage.onPerform = (effect) => {
    if (effect.slow === true) running.push(effect.name);
  };
  stage.submit(...effects.keys());
  for (let turn = 0; running.length > 0; turn += 1) {
    const [name] = running.splice((choices[turn % choices.length] ?? 0) % running.length, 1);
    await stage.end(name as string);
  }
  return stage;
}

const cases = fc.tuple(plannedEvents, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }));

test('every effect is performed exactly once, in order within its lane, whatever ends when', async () => {
  const property = fc.asyncProperty(cases, async ([plan, choices]) => {
    const { trace, faults } = await perform(plan, choices);
    expect(faults).toEqual([]);
    for (const shape of ['now', 'x', 'y', 'barrier'] satisfies Shape[]) {
      const expected = plan.flatMap((planned, at) =>
        planned.flatMap((effect, index) => (effect.shape === shape ? [`do event${at}.${index}`] : [])),
      );
      const performed = trace.filter((line) => expected.includes(line));
      expect(performed).toEqual(expected);
    }
  });
  await fc.assert(property, { numRuns: 300 });
});

test('a barrier runs alone and splits what came before it from what comes after', async () => {
  const property = fc.asyncProperty(cases, async ([plan, choices]) => {
    const { trace } = await perform(plan, choices);
    const names = plan.flatMap((planned, at) =>
      planned.map((effect, index) => ({ effect, name: `event${at}.${index}` })),
    );
    const endOf = (name: string): number => Math.max(trace.indexOf(`do ${name}`), trace.indexOf(`end ${name}`));
    for (const [at, { effect, name }] of names.entries()) {
      if (effect.shape !== 'barrier') continue;
      const start = trace.indexOf(`do ${name}`);
      for (const before of names.slice(0, at)) expect(endOf(before.name)).toBeLessThan(start);
      for (const after of names.slice(at + 1)) expect(trace.indexOf(`do ${after.name}`)).toBeGreaterThan(endOf(name));
      expect(trace.slice(start, endOf(name)).filter((line) => line.startsWith('step'))).toEqual([]);
    }
  });
  await fc.assert(property, { numRuns: 300 });
});

test('every answer is stepped exactly once', async () => {
  const property = fc.asyncProperty(cases, async ([plan, choices]) => {
    const { trace } = await perform(plan, choices);
    const expected = plan.flatMap((planned, at) =>
      planned.flatMap((effect, index) => (effect.answers ? [`step event${at}.${index} answer`] : [])),
    );
    expect(trace.filter((line) => line.endsWith('answer')).toSorted()).toEqual(expected.toSorted());
  });
  await fc.assert(property, { numRuns: 300 });
});
