import { afterEach, expect, test, vi } from 'vitest';
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import { bytesOf, grpcMessage, grpcMessages, grpcVersion, Rope, ropeVersion } from '../../src/adapters/grpc-rope.ts';
import type { AcceptedStream } from '../../src/ports/stream.ts';
import { conformanceNetworkOptions, until } from '../conformance/stream-grpc-fixture.ts';
import { patterned, Recording, sameBytes } from '../conformance/stream-stage.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('ropes were read against the version of grpc-js that is installed', () => {
  expect(grpcVersion()).toBe(ropeVersion);
});

test('grpc-js copies a message once on its way out, whatever its parts, in both directions', async () => {
  const copies = vi.spyOn(Rope.prototype, 'copy');
  const joins = vi.spyOn(Buffer, 'concat');
  const network = grpcNetwork(conformanceNetworkOptions);
  const accepted = new Recording();
  let acceptedStream: AcceptedStream | undefined;
  const methods = new Map([
    [
      'test.Rope/Talk',
      (_: unknown, stream: AcceptedStream) => {
        accepted.stream = stream;
        acceptedStream = stream;
        return accepted;
      },
    ],
  ]);
  const listener = await network.listen({ endpoint: '127.0.0.1:0', methods });
  const channel = network.channel(listener.endpoint);
  const opened = new Recording();
  const openedStream = channel.open('test.Rope/Talk', { deadlineMs: undefined, headers: {} }, opened);
  opened.stream = openedStream;

  const parts = [patterned(10, 1), patterned(70_000, 2), patterned(5, 3)];
  openedStream.send(parts);
  await until('it has arrived', () => accepted.messages.length === 1);
  expect(copies).toHaveBeenCalledTimes(1);
  acceptedStream?.send(parts);
  await until('it has arrived', () => opened.messages.length === 1);
  expect(copies).toHaveBeenCalledTimes(2);
  // The receivers join HTTP/2 frames; nobody joined these parts.
  expect(joins.mock.calls.some(([list]) => list.length === 3 && list[0] === parts[0])).toBe(false);

  const whole = [Buffer.concat(parts)];
  expect(sameBytes(accepted.messages, whole) && sameBytes(opened.messages, whole)).toBe(true);
  channel.close();
  await listener.close(0);
});

test('any other version of grpc-js is given an ordinary buffer with the same bytes', () => {
  const parts = [patterned(3, 1), new Uint8Array(), patterned(4, 2)];
  const joined = grpcMessage(parts, false);
  const rope = grpcMessage(parts, true);
  const frame = Buffer.alloc(5 + rope.length);
  expect(rope.copy(frame, 5)).toBe(7);
  expect(Buffer.isBuffer(joined) && !Buffer.isBuffer(rope)).toBe(true);
  expect(sameBytes([frame.subarray(5)], [joined])).toBe(true);
  expect([rope.length, rope.byteLength, bytesOf(parts)]).toEqual([7, 7, 7]);
});

test('messages that wait together leave in one write, each whole', () => {
  const messages = [[patterned(3, 1), patterned(70_000, 2)], [], [patterned(1, 3)]];
  const rope = grpcMessages(messages);
  const frame = Buffer.alloc(5 + rope.length, 0xff);
  expect(rope.copy(frame, 5)).toBe(rope.length);
  const seen: Uint8Array[] = [];
  for (let at = 0; at < frame.length; at += 5 + frame.readUInt32BE(at + 1)) {
    expect(frame.readUInt8(at)).toBe(0);
    seen.push(frame.subarray(at + 5, at + 5 + frame.readUInt32BE(at + 1)));
  }
  expect(
    sameBytes(
      seen,
      messages.map((parts) => Buffer.concat(parts)),
    ),
  ).toBe(true);
});

test('a hundred waiting messages are copied by a few writes, in order', async () => {
  const copies = vi.spyOn(Rope.prototype, 'copy');
  const network = grpcNetwork(conformanceNetworkOptions);
  const accepted = new Recording();
  const methods = new Map([
    ['test.Rope/Talk', (_: unknown, stream: AcceptedStream) => ((accepted.stream = stream), accepted)],
  ]);
  const listener = await network.listen({ endpoint: '127.0.0.1:0', methods });
  const channel = network.channel(listener.endpoint);
  const stream = channel.open('test.Rope/Talk', { deadlineMs: undefined, headers: {} }, new Recording());
  const messages = Array.from({ length: 100 }, (_, index) => patterned(1000, index));
  for (const message of messages) stream.send([message]);
  await until('all have arrived', () => accepted.messages.length === 100);
  expect(sameBytes(accepted.messages, messages)).toBe(true);
  expect(copies.mock.calls.length).toBeLessThan(10);
  channel.close();
  await listener.close(0);
});
