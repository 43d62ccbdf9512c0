/**
 * Requests on one stream, worked on side by side and answered in order.
 */
import { expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { ok, refused, type Result } from '../../src/base/result.ts';
import { statusOf, type Status } from '../../src/base/status.ts';
import type { AcceptedStream, OwnedParts, StreamHandlers } from '../../src/ports/stream.ts';
import { acceptInOrder, requestsWaitingMax } from '../../src/quorum/accept-in-order.ts';

type Answer = Result<OwnedParts, Status>;

/** A stream whose other side only listens, and whose requests are answered when the test says so. */
class Stage {
  readonly sent: number[] = [];
  readonly faults: unknown[] = [];
  releasedBytes = 0;
  creditBytes = 1000;
  closedAs: Status | undefined;
  readonly #answer = new Map<number, { resolve(answer: Answer): void; reject(fault: unknown): void }>();
  readonly handlers: StreamHandlers;

  constructor() {
    const creditBytes = (): number => this.creditBytes;
    const stream: AcceptedStream = {
      get creditBytes() {
        return creditBytes();
      },
      send: ([part]) => this.sent.push(part?.[0] ?? -1),
      release: (bytes) => {
        this.releasedBytes += bytes;
      },
      close: (status) => {
        assert(this.closedAs === undefined, 'a stream is closed once');
        this.closedAs = status;
      },
    };
    const accept = acceptInOrder(
      (request) =>
        new Promise((resolve, reject) => {
          this.#answer.set(request[0] ?? -1, { resolve, reject });
        }),
      (fault) => this.faults.push(fault),
    );
    const incoming = { method: 'test/Many', headers: {}, peer: 'a', authority: 'b', deadlineMs: undefined };
    this.handlers = accept(incoming, stream);
  }

  ask(...requests: readonly number[]): void {
    for (const request of requests) this.handlers.onMessage(Uint8Array.of(request, 0, 0));
  }

  async answer(request: number, answer: Answer = ok([Uint8Array.of(request)])): Promise<void> {
    this.#answer.get(request)?.resolve(answer);
    await settled();
  }

  async fail(request: number, fault: unknown): Promise<void> {
    this.#answer.get(request)?.reject(fault);
    await settled();
  }
}

/** Lets what was resolved reach whoever waits for it. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
}

test('answers leave in the order of the requests, whichever is done first', async () => {
  const stage = new Stage();
  stage.ask(1, 2, 3);
  await stage.answer(3);
  await stage.answer(2);
  expect(stage.sent).toEqual([]);
  await stage.answer(1);
  expect(stage.sent).toEqual([1, 2, 3]);
});

test('a request gives its credit back when its answer has left and not before', async () => {
  const stage = new Stage();
  stage.ask(1, 2);
  await stage.answer(2);
  expect(stage.releasedBytes).toBe(0);
  stage.creditBytes = 0;
  await stage.answer(1);
  expect([stage.sent, stage.releasedBytes]).toEqual([[], 0]);
  stage.creditBytes = 1;
  stage.handlers.onCredit();
  expect([stage.sent, stage.releasedBytes]).toEqual([[1, 2], 6]);
});

test('the first refused request ends the stream, after the answers before it and without those behind it', async () => {
  const stage = new Stage();
  stage.ask(1, 2, 3);
  await stage.answer(3);
  await stage.answer(2, refused(statusOf('aborted', 'nobody knows')));
  expect(stage.closedAs).toBeUndefined();
  await stage.answer(1);
  expect(stage.sent).toEqual([1]);
  expect(stage.closedAs).toMatchObject({ name: 'aborted' });
});

test('a caller that sends no more gets all its answers and then a good end', async () => {
  const stage = new Stage();
  stage.ask(1);
  stage.handlers.onEnd();
  expect(stage.closedAs).toBeUndefined();
  await stage.answer(1);
  expect([stage.sent, stage.closedAs?.name]).toEqual([[1], 'ok']);
});

test('requests beyond the bound end the stream and are not begun', () => {
  const stage = new Stage();
  for (let request = 0; request < requestsWaitingMax; request += 1) stage.ask(1);
  expect(stage.closedAs).toBeUndefined();
  stage.ask(1);
  expect(stage.closedAs).toMatchObject({ name: 'resource-exhausted' });
});

test('a fault is reported and ends the stream, and nothing is sent afterwards', async () => {
  const stage = new Stage();
  stage.ask(1, 2);
  await stage.fail(1, new Error('the disk is gone'));
  expect(stage.faults).toHaveLength(1);
  expect(stage.closedAs).toMatchObject({ name: 'internal' });
  await stage.answer(2);
  expect(stage.sent).toEqual([]);
});

test('answers to a caller that has gone are dropped', async () => {
  const stage = new Stage();
  stage.ask(1);
  stage.handlers.onClose(statusOf('cancelled', 'gone'));
  await stage.answer(1);
  expect([stage.sent, stage.closedAs]).toEqual([[], undefined]);
});
