/**
 * Promises about channels and listeners: who is found, who is refused, and how each goes away.
 */
import { expect } from 'vitest';
import { FaultError } from '../../src/base/fault-error.ts';
import { statusOk } from '../../src/base/status.ts';
import { patterned, type Stage, type StreamCase } from './stream-stage.ts';

/** Waits for a promise in the fixture's time. */
async function settled<Value>(
  stage: Stage,
  what: string,
  promise: Promise<Value>,
): Promise<PromiseSettledResult<Value>> {
  let result: PromiseSettledResult<Value> | undefined;
  void Promise.allSettled([promise]).then(([only]) => (result = only));
  await stage.fixture.until(what, () => result !== undefined);
  if (result === undefined) throw new Error('until returns when its condition holds');
  return result;
}

export const networkCases: readonly StreamCase[] = [
  {
    promise: 'an unknown method is refused as unimplemented, and the message names it',
    async play(stage) {
      const { channel } = await stage.talk();
      const opener = stage.open(channel, {}, 'conformance.Stream/Whisper');
      await stage.untilClosed(opener);
      expect(opener.heard.closedAs?.name).toBe('unimplemented');
      expect(opener.heard.closedAs?.message).toContain('conformance.Stream/Whisper');
    },
  },
  {
    promise: 'an endpoint where nobody listens is told as unavailable',
    async play(stage) {
      const opener = stage.open(stage.channel(stage.fixture.silentEndpoint()));
      opener.stream.send([patterned(10, 1)]);
      await stage.untilClosed(opener);
      expect(opener.heard.calls.map(({ type }) => type)).toEqual(['close']);
      expect(opener.heard.closedAs?.name).toBe('unavailable');
      expect(opener.heard.closedAs?.message).not.toBe('');
    },
  },
  {
    promise: 'a channel finds its listener again when that comes back',
    async play(stage) {
      const { listener, channel, opener } = await stage.talk();
      await settled(stage, 'the listener has closed', listener.close(0));
      await stage.untilClosed(opener);
      const refused = stage.open(channel);
      await stage.untilClosed(refused);
      expect(refused.heard.closedAs?.name).toBe('unavailable');

      await stage.listen({}, listener.endpoint);
      const accepted = stage.accepted.length;
      let attempt = stage.open(channel);
      await stage.fixture.until('a stream is accepted again', () => {
        if (attempt.heard.closedAs !== undefined) attempt = stage.open(channel);
        return stage.accepted.length > accepted;
      });
    },
  },
  {
    promise: 'an endpoint that is taken is refused with a fault',
    async play(stage) {
      const { listener } = await stage.talk();
      const second = await settled(stage, 'the second listener is refused', stage.listen({}, listener.endpoint));
      expect(second.status === 'rejected' && second.reason instanceof FaultError).toBe(true);
    },
  },
  {
    promise: 'a closing listener takes no new streams and lets open ones finish',
    async play(stage) {
      const { listener, channel, opener, acceptor } = await stage.talk();
      const closing = listener.close(60_000);
      await stage.fixture.settle();
      const late = stage.open(channel);
      await stage.untilClosed(late);
      expect(late.heard.closedAs?.name).toBe('unavailable');
      expect(stage.accepted).toHaveLength(1);

      opener.stream.send([patterned(10, 1)]);
      acceptor.stream.send([patterned(10, 2)]);
      await stage.fixture.until('both are heard', () =>
        [opener, acceptor].every(({ heard }) => heard.messages.length === 1),
      );
      acceptor.stream.close(statusOk);
      await stage.untilClosed(opener, acceptor);
      expect(opener.heard.closedAs).toEqual(statusOk);
      expect((await settled(stage, 'the listener has closed', closing)).status).toBe('fulfilled');
    },
  },
  {
    promise: 'a closing listener resets what outlives its grace',
    async play(stage) {
      const { listener, opener, acceptor } = await stage.talk();
      expect((await settled(stage, 'the listener has closed', listener.close(50))).status).toBe('fulfilled');
      expect(acceptor.heard.count('close')).toBe(1);
      await stage.untilClosed(opener);
      expect(['cancelled', 'unavailable']).toContain(opener.heard.closedAs?.name);
      expect(['cancelled', 'unavailable']).toContain(acceptor.heard.closedAs?.name);
    },
  },
  {
    promise: 'a listener that nobody calls closes at once, twice as well',
    async play(stage) {
      const listener = await stage.listen();
      expect((await settled(stage, 'it has closed', listener.close(60_000))).status).toBe('fulfilled');
      expect((await settled(stage, 'it has closed', listener.close(60_000))).status).toBe('fulfilled');
    },
  },
  {
    promise: 'closing a channel resets its streams and opens no more',
    async play(stage) {
      const { channel, listener, opener, acceptor } = await stage.talk();
      const elsewhere = await stage.talkOn(stage.channel(listener.endpoint));
      channel.close();
      expect(opener.heard.calls).toEqual([]);
      await stage.untilClosed(opener, acceptor);
      expect(opener.heard.closedAs?.name).toBe('cancelled');
      expect(['cancelled', 'unavailable']).toContain(acceptor.heard.closedAs?.name);

      const late = stage.open(channel);
      late.stream.send([patterned(10, 1)]);
      expect(late.heard.calls).toEqual([]);
      await stage.untilClosed(late);
      expect(late.heard.closedAs?.name).toBe('unavailable');
      expect(stage.accepted).toHaveLength(2);
      expect(elsewhere.opener.heard.count('close')).toBe(0);
    },
  },
];
