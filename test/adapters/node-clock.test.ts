import { expect, test } from 'vitest';
import { NodeClock } from '../../src/adapters/node-clock.ts';
import { clockConformance } from '../conformance/clock.ts';

clockConformance('real', () => ({ clock: new NodeClock(), passTime: (waiting) => waiting }));

test('the real wall clock is the clock of this machine', () => {
  expect(Math.abs(new NodeClock().wallMs() - Date.now())).toBeLessThan(1_000);
});
