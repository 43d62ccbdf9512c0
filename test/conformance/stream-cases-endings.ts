/**
 * Promises about how streams end: by status, reset, deadline, limits and strangers; once, last, and for both sides.
 */
import { expect } from 'vitest';
import { statusOf, statusOk } from '../../src/base/status.ts';
import {
  conformanceLimits,
  patterned,
  type Recording,
  sameBytes,
  type Stage,
  type StreamCase,
  type Talk,
} from './stream-stage.ts';

/** One way to end a stream, and what each side may then hear. */
interface Ending {
  readonly name: string;
  readonly deadlineMs?: number;
  end(talk: Talk): void;
}

const endings: readonly Ending[] = [
  { name: 'closed as ok', end: ({ acceptor }) => acceptor.stream.close(statusOk) },
  { name: 'closed with an error', end: ({ acceptor }) => acceptor.stream.close(statusOf('aborted', 'why')) },
  { name: 'reset', end: ({ opener }) => opener.stream.reset() },
  { name: 'reset twice', end: ({ opener }) => (opener.stream.reset(), opener.stream.reset()) },
  {
    name: 'closed twice',
    end: ({ acceptor }) => (acceptor.stream.close(statusOk), acceptor.stream.close(statusOf('aborted', 'late'))),
  },
  {
    name: 'closed and reset at once',
    end: ({ opener, acceptor }) => (acceptor.stream.close(statusOk), opener.stream.reset()),
  },
  { name: 'ended, then closed', end: ({ opener, acceptor }) => (opener.stream.end(), acceptor.stream.close(statusOk)) },
  { name: 'past its deadline', deadlineMs: 1000, end: () => {} },
  { name: 'cut by its channel', end: ({ channel }) => channel.close() },
  { name: 'cut by its listener', end: ({ listener }) => void listener.close(0) },
  {
    name: 'too large a message',
    end: ({ opener }) => opener.stream.send([patterned(conformanceLimits.messageBytesMax + 1, 1)]),
  },
  {
    name: 'too large an answer',
    end: ({ acceptor }) => acceptor.stream.send([patterned(conformanceLimits.messageBytesMax + 1, 1)]),
  },
];

function closesOnceAndLast(heard: Recording): boolean {
  return heard.count('close') === 1 && heard.calls.at(-1)?.type === 'close';
}

async function playEnding(stage: Stage, ending: Ending): Promise<Talk> {
  const talk = await stage.talk({ deadlineMs: ending.deadlineMs });
  const { opener, acceptor } = talk;
  opener.stream.send([patterned(10, 1)]);
  acceptor.stream.send([patterned(10, 2)]);
  await stage.fixture.until('both have spoken', () =>
    [opener, acceptor].every(({ heard }) => heard.messages.length === 1),
  );
  ending.end(talk);
  await stage.untilClosed(opener, acceptor);
  return talk;
}

const everyEnding: readonly StreamCase[] = endings.map((ending) => ({
  promise: `a stream that was ${ending.name} closes once and last on both sides, and takes nothing more`,
  async play(stage) {
    const { opener, acceptor } = await playEnding(stage, ending);
    for (const { stream } of [opener, acceptor]) {
      expect(stream.creditBytes).toBe(0);
      stream.send([patterned(10, 3)]);
      stream.release(0);
    }
    opener.stream.end();
    opener.stream.reset();
    acceptor.stream.close(statusOk);
    await stage.fixture.settle();
    expect(closesOnceAndLast(opener.heard)).toBe(true);
    expect(closesOnceAndLast(acceptor.heard)).toBe(true);
  },
}));

export const endingCases: readonly StreamCase[] = [
  ...everyEnding,
  {
    promise: 'a status reaches the opener with its name, message and details',
    async play(stage) {
      const { channel } = await stage.talk();
      const statuses = [
        statusOf('failed-precondition', 'räumen, "dann" 50% weiter', patterned(300, 4)),
        statusOf('unavailable', 'back soon'),
        statusOk,
      ];
      for (const status of statuses) {
        const { opener, acceptor } = await stage.talkOn(channel);
        acceptor.stream.close(status);
        await stage.untilClosed(opener, acceptor);
        expect(opener.heard.closedAs?.name).toBe(status.name);
        expect(opener.heard.closedAs?.message).toBe(status.message);
        expect(opener.heard.closedAs?.details === undefined).toBe(status.details === undefined);
        const none = new Uint8Array();
        expect(sameBytes([opener.heard.closedAs?.details ?? none], [status.details ?? none])).toBe(true);
        expect(acceptor.heard.closedAs?.name).toBe(status.name);
      }
    },
  },
  {
    promise: 'a reset is heard as cancelled by both sides',
    async play(stage) {
      const { opener, acceptor } = await stage.talk();
      opener.stream.reset();
      await stage.untilClosed(opener, acceptor);
      expect(opener.heard.closedAs?.name).toBe('cancelled');
      expect(acceptor.heard.closedAs?.name).toBe('cancelled');
    },
  },
  {
    promise: 'a deadline is heard as deadline-exceeded by both sides',
    async play(stage) {
      const { opener, acceptor } = await stage.talk({ deadlineMs: 1000 });
      await stage.untilClosed(opener, acceptor);
      expect(opener.heard.closedAs?.name).toBe('deadline-exceeded');
      expect(acceptor.heard.closedAs?.name).toBe('deadline-exceeded');
    },
  },
  {
    promise: 'a message over the limit never arrives and is heard as resource-exhausted by the opener',
    async play(stage) {
      const { channel } = await stage.talk();
      for (const speaker of ['opener', 'acceptor'] as const) {
        const talk = await stage.talkOn(channel);
        talk[speaker].stream.send([patterned(conformanceLimits.messageBytesMax + 1, 1)]);
        await stage.untilClosed(talk.opener, talk.acceptor);
        expect(talk.opener.heard.closedAs?.name).toBe('resource-exhausted');
        expect(talk.opener.heard.closedAs?.message).not.toBe('');
        expect(talk.acceptor.heard.closedAs?.name).not.toBe('ok');
        expect([...talk.opener.heard.messages, ...talk.acceptor.heard.messages]).toHaveLength(0);
      }
    },
  },
  {
    promise: 'a side that ended the stream itself hears nothing more but onClose',
    async play(stage) {
      const { opener, acceptor, channel } = await stage.talk();
      const other = await stage.talkOn(channel);
      for (let index = 0; index < 5; index += 1) {
        acceptor.stream.send([patterned(1000, index)]);
        other.opener.stream.send([patterned(1000, index)]);
      }
      opener.stream.reset();
      other.acceptor.stream.close(statusOk);
      await stage.untilClosed(opener, acceptor, other.opener, other.acceptor);
      expect(opener.heard.calls.map(({ type }) => type)).toEqual(['close']);
      expect(other.acceptor.heard.calls.map(({ type }) => type)).toEqual(['close']);
    },
  },
  {
    promise: 'no handler is called from within a call on its own stream',
    async play(stage) {
      const { opener, acceptor, channel } = await stage.talk();
      const resetAtOnce = stage.open(channel);
      resetAtOnce.stream.reset();
      expect(resetAtOnce.heard.calls).toEqual([]);
      const quiet = (heard: Recording, act: () => void): void => {
        const before = heard.calls.length;
        act();
        expect(heard.calls.length).toBe(before);
      };
      opener.heard.keepsBytes = true;
      acceptor.stream.send([patterned(100, 1)]);
      acceptor.stream.send([patterned(100, 2)]);
      await stage.fixture.until('they have arrived', () => opener.heard.messages.length === 2);
      quiet(opener.heard, () => opener.heard.releaseKept());
      quiet(opener.heard, () => opener.stream.send([patterned(5, 1)]));
      quiet(opener.heard, () => opener.stream.end());
      quiet(acceptor.heard, () => acceptor.stream.close(statusOk));
      await stage.untilClosed(opener, acceptor, resetAtOnce);
      quiet(opener.heard, () => opener.stream.reset());
      const silent = stage.open(stage.channel(stage.fixture.silentEndpoint()));
      expect(silent.heard.calls).toEqual([]);
      await stage.untilClosed(silent);
    },
  },
];
