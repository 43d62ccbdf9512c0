import { describe, expect, test } from 'vitest';
import { ok, refused, type Result } from '../../src/base/result.ts';
import { statusOf, statusOk, type Status } from '../../src/base/status.ts';
import type { OwnedParts, StreamAcceptor, StreamHandlers } from '../../src/ports/stream.ts';
import { acceptUnary, callUnary, type UnaryCall, type UnaryHandler } from '../../src/ports/unary.ts';
import { MemoryChannel } from './memory-channel.ts';

const method = 'odradek.test.v1.TestService/Ask';
const options = { deadlineMs: 1000, headers: { 'x-from': 'test' } };

const ask = (acceptor: StreamAcceptor, ...request: number[]): Promise<Result<Uint8Array, Status>> =>
  callUnary(new MemoryChannel(acceptor), { method, request: [Uint8Array.from(request)], options });

const answer = (handle: UnaryHandler): StreamAcceptor => acceptUnary(handle, () => {});

/** A caller that does what it likes, and how its call ended. */
function misbehave(acceptor: StreamAcceptor, messages: number): { replies: Uint8Array[]; status: Status | undefined } {
  const seen: { replies: Uint8Array[]; status: Status | undefined } = { replies: [], status: undefined };
  const handlers: StreamHandlers = {
    onMessage: (message) => seen.replies.push(message),
    onCredit: () => {},
    onEnd: () => {},
    onClose: (status) => (seen.status = status),
  };
  const stream = new MemoryChannel(acceptor).open(method, options, handlers);
  for (let sent = 0; sent < messages; sent += 1) stream.send([Uint8Array.of(sent)]);
  stream.end();
  return seen;
}

describe('calling', () => {
  test('the answer is the one message of a call that ended well', async () => {
    const echo = answer(async ({ incoming }, request) =>
      ok([request, Uint8Array.of((incoming.deadlineMs ?? 0) ? 9 : 0)]),
    );
    const reply = await ask(echo, 1, 2);
    expect(reply.ok && [...reply.value]).toEqual([1, 2, 9]);
  });

  test('the status of a call that failed is the answer', async () => {
    const status = statusOf('not-found', 'no such topic', Uint8Array.of(7));
    expect(await ask(answer(async () => refused(status)))).toEqual(refused(status));
  });

  test.each([
    ['none', 0],
    ['two', 2],
  ])('a call that ends well with %s of the messages it needs has failed', async (_what, replies) => {
    const acceptor: StreamAcceptor = (_incoming, stream) => ({
      onMessage: () => {},
      onCredit: () => {},
      onEnd: () => {
        for (let sent = 0; sent < replies; sent += 1) stream.send([Uint8Array.of(sent)]);
        stream.close(statusOk);
      },
      onClose: () => {},
    });
    expect(await ask(acceptor)).toMatchObject({ ok: false, problem: { name: 'internal' } });
  });
});

describe('answering', () => {
  test.each([
    ['without a request', 0],
    ['with two requests', 2],
  ])('a call %s is refused and reaches no handler', async (_what, requests) => {
    const handled: OwnedParts[] = [];
    const handler: UnaryHandler = async (_call, request) => {
      handled.push([request]);
      return ok([]);
    };
    const { replies, status } = misbehave(answer(handler), requests);
    expect(status).toMatchObject({ name: 'invalid-argument' });
    expect([handled, replies]).toEqual([[], []]);
  });

  test('a handler that throws ends the call without its secrets and reports them', async () => {
    const faults: unknown[] = [];
    const fault = new Error('password is 1234');
    const acceptor = acceptUnary(
      async () => Promise.reject(fault),
      (reported) => faults.push(reported),
    );
    const reply = await ask(acceptor);
    expect(reply).toMatchObject({ ok: false, problem: { name: 'internal' } });
    expect(JSON.stringify(reply)).not.toContain('1234');
    expect(faults).toEqual([fault]);
  });

  test('a handler learns that nobody waits any more, and its late answer is dropped', async () => {
    let call: UnaryCall | undefined;
    let finish: (outcome: Result<OwnedParts, Status>) => void = () => {};
    const slow: UnaryHandler = async (started) => {
      call = started;
      return new Promise((resolve) => (finish = resolve));
    };
    const channel = new MemoryChannel(answer(slow));
    const reply = callUnary(channel, { method, request: [Uint8Array.of(1)], options });
    expect(call?.closed.aborted).toBe(false);
    channel.close();
    expect(call?.closed.aborted).toBe(true);
    finish(ok([Uint8Array.of(1)]));
    expect(await reply).toMatchObject({ ok: false, problem: { name: 'cancelled' } });
  });

  test('a call that was answered is over for its handler too', async () => {
    let call: UnaryCall | undefined;
    const handler: UnaryHandler = async (started) => {
      call = started;
      return ok([]);
    };
    await ask(answer(handler));
    expect(call?.closed.aborted).toBe(true);
  });
});
