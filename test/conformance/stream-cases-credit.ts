/**
 * Promises about credit: what may be sent, what a slow reader pins, and that nobody else pays for it.
 */
import { expect } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { statusOk } from '../../src/base/status.ts';
import type { AcceptorSide, OpenerSide, Stage, StreamCase } from './stream-stage.ts';
import { conformanceLimits, patterned } from './stream-stage.ts';

const pieceBytes = 10_000;
const { windowBytes } = conformanceLimits;

/** Sends for as long as the stream gives credit; returns how much went, when nothing moves any more. */
async function sendUntilStalled(stage: Stage, { stream }: OpenerSide | AcceptorSide): Promise<number> {
  // A sender that never stalls would send forever; ten times what can be pinned is proof enough.
  const sentBytesMax = 10 * (2 * windowBytes + stage.fixture.transportBytesMax);
  let sentBytes = 0;
  while (stream.creditBytes > 0 && sentBytes < sentBytesMax) {
    while (stream.creditBytes > 0 && sentBytes < sentBytesMax) {
      stream.send([patterned(pieceBytes, sentBytes / pieceBytes)]);
      sentBytes += pieceBytes;
    }
    await stage.fixture.settle();
  }
  return sentBytes;
}

/** The slow reader keeps what it got; the other side writes on. */
async function stallThenRelease(
  stage: Stage,
  writer: OpenerSide | AcceptorSide,
  reader: AcceptorSide | OpenerSide,
): Promise<void> {
  reader.heard.keepsBytes = true;
  const sentBytes = await sendUntilStalled(stage, writer);
  expect(writer.stream.creditBytes).toBeLessThanOrEqual(0);
  expect(sentBytes).toBeGreaterThanOrEqual(windowBytes);
  expect(sentBytes).toBeLessThanOrEqual(windowBytes + pieceBytes + stage.fixture.transportBytesMax);
  expect(reader.heard.keptBytes).toBeGreaterThan(0);
  expect(reader.heard.keptBytes).toBeLessThanOrEqual(windowBytes + pieceBytes);
  expect(writer.heard.count('close')).toBe(0);

  const creditCalls = writer.heard.count('credit');
  reader.heard.releaseKept();
  await stage.fixture.until('credit is announced', () => writer.heard.count('credit') > creditCalls);
  expect(writer.stream.creditBytes).toBeGreaterThan(0);
  await stage.fixture.until('all have arrived', () => reader.heard.messages.length * pieceBytes === sentBytes);
  await stage.fixture.until('all credit is back', () => writer.stream.creditBytes === windowBytes);
}

export const creditCases: readonly StreamCase[] = [
  {
    promise: 'a fresh stream has its whole window as credit, and every byte sent counts against it',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      for (const { stream, heard } of [opener, acceptor]) {
        expect(stream.creditBytes).toBe(windowBytes);
        stream.send([patterned(3000, 1), patterned(1000, 2)]);
        expect(stream.creditBytes).toBe(windowBytes - 4000);
        await stage.fixture.until('all credit is back', () => stream.creditBytes === windowBytes);
        expect(heard.count('credit')).toBe(0);
      }
    },
  },
  {
    promise: 'the last message of a window may overdraw it, and onCredit tells when it is positive again',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      for (const { stream, heard } of [opener, acceptor]) {
        stream.send([patterned(windowBytes - 1, 1)]);
        stream.send([patterned(5000, 2)]);
        expect(stream.creditBytes).toBe(1 - 5000);
        await stage.fixture.until('all credit is back', () => stream.creditBytes === windowBytes);
        expect(heard.count('credit')).toBe(1);
      }
    },
  },
  {
    promise: 'sending without credit is a bug that an assertion names',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      for (const { stream } of [opener, acceptor]) {
        stream.send([patterned(windowBytes, 1)]);
        expect(stream.creditBytes).toBe(0);
        expect(() => {
          stream.send([patterned(1, 2)]);
        }).toThrow(InvariantError);
      }
    },
  },
  {
    promise: 'sending after the own end is a bug that an assertion names',
    async play(stage) {
      const { opener } = await stage.talk();
      opener.stream.end();
      expect(() => {
        opener.stream.send([patterned(1, 1)]);
      }).toThrow(InvariantError);
    },
  },
  {
    promise: 'an acceptor that reads slowly pins its window and no more, and reading on frees the opener',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      await stallThenRelease(stage, opener, acceptor);
    },
  },
  {
    promise: 'an opener that reads slowly pins its window and no more, and reading on frees the acceptor',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      await stallThenRelease(stage, acceptor, opener);
    },
  },
  {
    promise: 'a stream that stalls delays no other stream of its channel, nor its own other direction',
    async play(stage) {
      const { opener, acceptor, channel } = await stage.talk();
      acceptor.heard.keepsBytes = true;
      await sendUntilStalled(stage, opener);
      const other = await stage.talkOn(channel);
      for (const pair of [other, { opener: acceptor, acceptor: opener }]) {
        for (let round = 0; round < 5; round += 1) {
          const before = pair.acceptor.heard.messages.length;
          pair.opener.stream.send([patterned(windowBytes / 2, round)]);
          await stage.fixture.until('it has arrived', () => pair.acceptor.heard.messages.length > before);
          await stage.fixture.until('all credit is back', () => pair.opener.stream.creditBytes === windowBytes);
        }
      }
    },
  },
  {
    promise: 'a deadline ends a stream whose reader has stopped reading, although it was closed as ok',
    async play(stage) {
      const { opener, acceptor } = await stage.talk({ deadlineMs: 1000 });
      opener.heard.keepsBytes = true;
      await sendUntilStalled(stage, acceptor);
      acceptor.stream.close(statusOk);
      await stage.untilClosed(opener, acceptor);
      expect(opener.heard.closedAs?.name).toBe('deadline-exceeded');
      expect(acceptor.heard.closedAs?.name).toBe('deadline-exceeded');
    },
  },
  {
    promise: 'a stalled stream can still be reset, and the side that waits for credit hears only the end',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      opener.heard.keepsBytes = true;
      await sendUntilStalled(stage, acceptor);
      const creditCalls = acceptor.heard.count('credit');
      opener.stream.reset();
      await stage.untilClosed(opener, acceptor);
      expect(acceptor.heard.count('credit')).toBe(creditCalls);
      expect(acceptor.stream.creditBytes).toBe(0);
      expect(opener.stream.creditBytes).toBe(0);
    },
  },
];
