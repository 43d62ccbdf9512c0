/**
 * Promises about messages: order, shape, half-close, what an acceptor knows, unary calls on top.
 */
import { expect } from 'vitest';
import { ok, refused } from '../../src/base/result.ts';
import { statusOf, statusOk } from '../../src/base/status.ts';
import type { AcceptedStream } from '../../src/ports/stream.ts';
import { acceptUnary, callUnary, type UnaryHandler } from '../../src/ports/unary.ts';
import {
  conformanceLimits,
  patterned,
  Recording,
  sameBytes,
  type StreamCase,
  talkMethod,
  type Talk,
} from './stream-stage.ts';

const noOptions = { deadlineMs: undefined, headers: {} };

export const messageCases: readonly StreamCase[] = [
  {
    promise: 'messages arrive whole and in order, in both directions at once',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      const there = Array.from({ length: 40 }, (_, index) => patterned(1 + index * 37, index));
      const back = Array.from({ length: 40 }, (_, index) => patterned(1 + index * 53, 100 + index));
      for (let index = 0; index < 40; index += 1) {
        opener.stream.send([there[index] ?? new Uint8Array()]);
        acceptor.stream.send([back[index] ?? new Uint8Array()]);
      }
      await stage.fixture.until('all have arrived', () =>
        [opener, acceptor].every(({ heard }) => heard.messages.length === 40),
      );
      expect(sameBytes(acceptor.heard.messages, there)).toBe(true);
      expect(sameBytes(opener.heard.messages, back)).toBe(true);
    },
  },
  {
    promise: 'the parts of a message arrive as one, and an empty message stays a message',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      const parts = [patterned(3, 1), new Uint8Array(), patterned(70_000, 2), patterned(1, 3)];
      for (const { stream } of [opener, acceptor]) {
        stream.send([]);
        stream.send(parts);
        stream.send([new Uint8Array()]);
      }
      const expected = [new Uint8Array(), Uint8Array.from(Buffer.concat(parts)), new Uint8Array()];
      await stage.fixture.until('all have arrived', () =>
        [opener, acceptor].every(({ heard }) => heard.messages.length === 3),
      );
      expect(sameBytes(acceptor.heard.messages, expected)).toBe(true);
      expect(sameBytes(opener.heard.messages, expected)).toBe(true);
    },
  },
  {
    promise: 'a message of the largest size passes although it is larger than the window',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      const largest = patterned(conformanceLimits.messageBytesMax, 5);
      const after = patterned(10, 6);
      for (const { stream, heard } of [opener, acceptor]) {
        stream.send([largest]);
        await stage.fixture.until('credit is back', () => stream.creditBytes > 0);
        expect(heard.count('close')).toBe(0);
        stream.send([after]);
      }
      await stage.fixture.until('all have arrived', () =>
        [opener, acceptor].every(({ heard }) => heard.messages.length === 2),
      );
      expect(sameBytes(acceptor.heard.messages, [largest, after])).toBe(true);
      expect(sameBytes(opener.heard.messages, [largest, after])).toBe(true);
    },
  },
  {
    promise: 'the end of the opener comes after all it sent, and the acceptor may still speak',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      for (let index = 0; index < 5; index += 1) opener.stream.send([patterned(1000, index)]);
      opener.stream.end();
      await stage.fixture.until('the end is heard', () => acceptor.heard.count('end') === 1);
      expect(acceptor.heard.calls.map(({ type }) => type)).toEqual([...Array<string>(5).fill('message'), 'end']);

      acceptor.stream.send([patterned(10, 1)]);
      await stage.fixture.until('the answer is heard', () => opener.heard.messages.length === 1);
      acceptor.stream.close(statusOk);
      await stage.untilClosed(opener, acceptor);
      expect(opener.heard.calls.map(({ type }) => type)).toEqual(['message', 'close']);
      expect(opener.heard.closedAs).toEqual(statusOk);
      expect(acceptor.heard.closedAs).toEqual(statusOk);
    },
  },
  {
    promise: 'what the acceptor sent before it closed arrives before the status',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      opener.heard.keepsBytes = true;
      const sent = Array.from({ length: 12 }, (_, index) => patterned(9000, index));
      for (const message of sent) acceptor.stream.send([message]);
      acceptor.stream.close(statusOf('aborted', 'enough'));
      await stage.untilClosed(opener, acceptor);
      expect(sameBytes(opener.heard.messages, sent)).toBe(true);
      expect(opener.heard.calls.at(-1)?.type).toBe('close');
      expect(opener.heard.closedAs?.name).toBe('aborted');
    },
  },
  {
    promise: 'an acceptor knows method, headers, authority, peer and deadline before the first message',
    async play(stage) {
      const headers = { 'client-id': 'reader-7', rack: 'a b,c' };
      const { acceptor, channel } = await stage.talk({ headers, deadlineMs: 60_000 });
      expect(acceptor.incoming.method).toBe(talkMethod);
      expect(acceptor.incoming.headers).toMatchObject(headers);
      expect(acceptor.incoming.authority).toBe(channel.endpoint);
      expect(acceptor.incoming.peer).not.toBe('');
      expect(acceptor.incoming.deadlineMs).toBeGreaterThan(50_000);
      expect(acceptor.incoming.deadlineMs).toBeLessThanOrEqual(60_000);
      const unlimited = await stage.talkOn(channel);
      expect(unlimited.acceptor.incoming.deadlineMs).toBeUndefined();
    },
  },
  {
    promise: 'an acceptor may speak and close before it returns its handlers',
    async play(stage) {
      const heardByAcceptor = new Recording();
      const hasty = (_: unknown, stream: AcceptedStream): Recording => {
        stream.send([patterned(4, 1)]);
        stream.close(statusOk);
        return heardByAcceptor;
      };
      const listener = await stage.listen({ 'conformance.Stream/Hasty': hasty });
      const opener = stage.open(stage.channel(listener.endpoint), {}, 'conformance.Stream/Hasty');
      await stage.untilClosed(opener, { heard: heardByAcceptor });
      expect(sameBytes(opener.heard.messages, [patterned(4, 1)])).toBe(true);
      expect(opener.heard.closedAs).toEqual(statusOk);
      expect(heardByAcceptor.calls.map(({ type }) => type)).toEqual(['close']);
    },
  },
  {
    promise: 'many streams at once keep their messages apart',
    async play(stage) {
      const { channel } = await stage.talk();
      const pairs: Pick<Talk, 'opener' | 'acceptor'>[] = [];
      for (let index = 0; index < 50; index += 1) pairs.push(await stage.talkOn(channel));
      for (let round = 0; round < 3; round += 1)
        for (const [index, { opener, acceptor }] of pairs.entries()) {
          opener.stream.send([patterned(100, index * 3 + round)]);
          acceptor.stream.send([patterned(100, index * 5 + round)]);
        }
      await stage.fixture.until('all have arrived', () =>
        pairs.every(({ opener, acceptor }) => [opener, acceptor].every(({ heard }) => heard.messages.length === 3)),
      );
      for (const [index, { opener, acceptor }] of pairs.entries()) {
        expect(
          sameBytes(
            acceptor.heard.messages,
            [0, 1, 2].map((round) => patterned(100, index * 3 + round)),
          ),
        ).toBe(true);
        expect(
          sameBytes(
            opener.heard.messages,
            [0, 1, 2].map((round) => patterned(100, index * 5 + round)),
          ),
        ).toBe(true);
      }
    },
  },
  {
    promise: 'a unary call carries one message each way, or the status that says why not',
    async play(stage) {
      const details = patterned(40, 9);
      const answer: UnaryHandler = async (_, request) =>
        request.length > 0 ? ok([request, patterned(2, 2)]) : refused(statusOf('not-found', 'no such thing', details));
      const listener = await stage.listen({ 'conformance.Unary/Ask': acceptUnary(answer, () => {}) });
      const channel = stage.channel(listener.endpoint);
      const replies: Awaited<ReturnType<typeof callUnary>>[] = [];
      for (const request of [patterned(5, 1), new Uint8Array()]) {
        const before = replies.length;
        void callUnary(channel, { method: 'conformance.Unary/Ask', request: [request], options: noOptions }).then(
          (reply) => replies.push(reply),
        );
        await stage.fixture.until('the call is answered', () => replies.length > before);
      }
      const [answered, missing] = replies;
      expect(
        answered?.ok === true && sameBytes([answered.value], [Buffer.concat([patterned(5, 1), patterned(2, 2)])]),
      ).toBe(true);
      expect(missing?.ok === false && missing.problem.name).toBe('not-found');
      expect(missing?.ok === false && missing.problem.message).toBe('no such thing');
      expect(missing?.ok === false && sameBytes([missing.problem.details ?? new Uint8Array()], [details])).toBe(true);
    },
  },
];
