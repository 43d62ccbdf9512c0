import { expect, test } from 'vitest';
import { Inflow } from '../../src/adapters/grpc-inflow.ts';
import { Outflow } from '../../src/adapters/grpc-outflow.ts';
import { InvariantError } from '../../src/base/assert.ts';

/** A transport that delivers from within the request to read, as grpc-js does when a frame held many messages. */
function eagerTransport(messages: number, windowBytes: number) {
  const state = { delivered: 0, reads: 0, releases: true };
  const inflow: Inflow = new Inflow(windowBytes, () => {
    state.reads += 1;
    if (state.delivered === messages) return;
    state.delivered += 1;
    inflow.received(1, () => {
      if (state.releases) inflow.released(1);
    });
  });
  return { inflow, state };
}

test('a hundred thousand messages that arrive at once are delivered without a stack of calls', () => {
  const { inflow, state } = eagerTransport(100_000, 10);
  inflow.pull();
  expect(state.delivered).toBe(100_000);
});

test('no more is read than a window of unreleased bytes', async () => {
  const { inflow, state } = eagerTransport(100, 10);
  state.releases = false;
  inflow.pull();
  expect(state.delivered).toBe(10);

  inflow.released(3);
  expect(state.delivered).toBe(10);
  await new Promise(setImmediate);
  expect(state.delivered).toBe(13);
});

test('nothing is read or delivered after the stop', async () => {
  const { inflow, state } = eagerTransport(100, 10);
  state.releases = false;
  inflow.pull();
  inflow.stop();
  inflow.released(10);
  await new Promise(setImmediate);
  expect(state.delivered).toBe(10);
  inflow.received(1, () => {
    throw new Error('delivered after the stop');
  });
});

test('releasing more than was received is a bug that an assertion names', () => {
  const { inflow, state } = eagerTransport(2, 10);
  state.releases = false;
  inflow.pull();
  expect(() => {
    inflow.released(3);
  }).toThrow(InvariantError);
});

test('credit is told once, when it turns positive', () => {
  const outflow = new Outflow(100);
  outflow.sent(60);
  outflow.sent(90);
  expect(outflow.creditBytes).toBe(-50);
  expect(outflow.written(50)).toBe(false);
  expect(outflow.written(40)).toBe(true);
  expect(outflow.written(60)).toBe(false);
  expect(outflow.creditBytes).toBe(100);
  expect(() => outflow.written(1)).toThrow(InvariantError);
});
