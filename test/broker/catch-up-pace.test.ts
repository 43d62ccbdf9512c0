import { expect, test } from 'vitest';
import { CatchUpPace } from '../../src/broker/catch-up-pace.ts';

class Appends {
  nowMs = 0;
  bytes = 0;
  readonly pace = new CatchUpPace({
    clock: { monotonicMs: () => this.nowMs },
    bytesPerSecondMin: 1_000_000,
    appendedBytes: () => this.bytes,
  });

  pass(ms: number, bytes: number): number {
    this.nowMs += ms;
    this.bytes += bytes;
    return this.pace.bytesPerSecond;
  }
}

test('who is behind is given the rate that is set while little is appended', () => {
  const appends = new Appends();
  expect([appends.pass(1000, 0), appends.pass(2000, 400_000), appends.pass(10_000, 10)]).toEqual([1e6, 1e6, 1e6]);
});

test('and twice what is appended when that is more, for as long as it is', () => {
  const appends = new Appends();
  expect(appends.pass(2000, 6_000_000)).toBe(6e6);
  // Of less than a second nothing can be told yet.
  expect(appends.pass(500, 0)).toBe(6e6);
  expect(appends.pass(600, 0)).toBe(1e6);
});
