/**
 * Simulated code that reaches for the real world's time or chance fails the run, and the test's own timers do not.
 */
import { expect, test } from 'vitest';
import { Simulation } from '../../src/simulation/simulation.ts';

const touches: Record<string, () => unknown> = {
  'Date.now': () => Date.now(),
  'new Date()': () => new Date(),
  'Date()': () => Date(),
  'Math.random': () => Math.random(),
  setTimeout: () => setTimeout(() => {}, 1),
  setInterval: () => setInterval(() => {}, 1),
  setImmediate: () => setImmediate(() => {}),
  fetch: () => fetch('http://127.0.0.1:1'),
  'performance.now': () => performance.now(),
  'process.hrtime': () => process.hrtime(),
  'process.hrtime.bigint': () => process.hrtime.bigint(),
  'AbortSignal.timeout': () => AbortSignal.timeout(1),
  'crypto.randomUUID': () => crypto.randomUUID(),
  'crypto.getRandomValues': () => crypto.getRandomValues(new Uint8Array(1)),
};

test.each(Object.entries(touches))('simulated code that touches %s fails the run', async (name, touch) => {
  const simulation = new Simulation({ seed: 1 });
  let touched = 0;
  const boot = async (): Promise<void> => {
    await Promise.resolve();
    try {
      touch();
    } catch {
      // Code that swallows what it is thrown is caught all the same.
      touched += 1;
    }
  };
  simulation.addProcess('n1', boot).start();
  await simulation.run({ untilMs: 10 });
  expect(touched).toBe(1);
  expect(simulation.world.problem?.facts).toEqual({ touched: name });
});

test('a date made from a number is only a format and stays free', async () => {
  const simulation = new Simulation({ seed: 1 });
  let written = '';
  simulation.addProcess('n1', ({ clock }) => void (written = new Date(clock.wallMs()).toISOString())).start();
  await simulation.run({ untilMs: 10 });
  expect(written).toBe('2026-01-01T00:00:00.000Z');
  expect(simulation.world.problem).toBeUndefined();
});

test('the real world keeps its time while and after a simulation runs', async () => {
  const before = { now: Date.now, date: Date, random: Math.random, timer: setTimeout };
  const simulation = new Simulation({ seed: 1 });
  const again = ({ clock }: { clock: { callAfterMs(ms: number, action: () => void): void } }): void =>
    clock.callAfterMs(1, () => again({ clock }));
  simulation.addProcess('n1', again).start();
  let rang = false;
  const timer = setTimeout(() => {
    rang = Date.now() > 0;
  }, 5);
  const { scheduler } = simulation.world;
  await simulation.run({ untilMs: Infinity, until: () => rang && scheduler.actionsRun > 100 });
  clearTimeout(timer);
  expect(simulation.world.problem).toBeUndefined();
  expect({ now: Date.now, date: Date, random: Math.random, timer: setTimeout }).toEqual(before);
});
