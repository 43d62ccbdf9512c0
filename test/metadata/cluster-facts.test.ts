import { expect, test } from 'vitest';
import { ClusterFacts, clusterFactsLimitsDefault } from '../../src/metadata/cluster-facts.ts';
import { FactStateMachine } from '../../src/quorum/fact-state-machine.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { factCommandCodec, factContentCodec, factReplyCodec } from '../../src/wire/fact-codec.ts';

const codecs = { command: factCommandCodec, reply: factReplyCodec, content: factContentCodec };

function add(
  requestId: string,
  amount = 1,
): { type: 'add-to-counter'; requestId: string; name: string; amount: number } {
  return { type: 'add-to-counter', requestId, name: 'visits', amount };
}

test('a retried request is applied once and answered as the first time', () => {
  const facts = new ClusterFacts(clusterFactsLimitsDefault);
  expect(facts.apply(add('first'))).toEqual({ type: 'counted', counter: 1 });
  expect(facts.apply(add('second'))).toEqual({ type: 'counted', counter: 2 });
  expect(facts.apply(add('first'))).toEqual({ type: 'counted', counter: 1 });
  expect(facts.counter('visits')).toBe(2);
});

test('only the latest requests are remembered, in the order of applying', () => {
  const facts = new ClusterFacts({ namesMax: 10, rememberedRequestsMax: 2 });
  for (const id of ['a', 'b', 'a', 'c']) facts.apply(add(id));
  expect(facts.content().requests.map(([id]) => id)).toEqual(['b', 'c']);
  expect(facts.apply(add('a'))).toEqual({ type: 'counted', counter: 4 });
});

test('a counter never leaves the range of whole numbers and names have a bound', () => {
  const facts = new ClusterFacts({ namesMax: 1, rememberedRequestsMax: 10 });
  facts.apply(add('a', Number.MAX_SAFE_INTEGER));
  expect(facts.apply(add('b'))).toEqual({ type: 'refused', why: 'counter-out-of-range' });
  expect(facts.apply({ ...add('c'), name: 'other' })).toEqual({ type: 'refused', why: 'too-many-names' });
  expect(facts.apply({ type: 'set-fact', requestId: 'd', name: 'x', value: '1' })).toEqual({ type: 'fact-set' });
  expect(facts.apply({ type: 'set-fact', requestId: 'e', name: 'y', value: '1' })).toEqual({
    type: 'refused',
    why: 'too-many-names',
  });
});

test('a snapshot restores facts, counters and the memory of requests', () => {
  const first = new FactStateMachine(codecs);
  const commands = [
    factCommandCodec.encode(add('a', -7)),
    factCommandCodec.encode({ type: 'set-fact', requestId: 'b', name: 'colour', value: 'blue' }),
    Uint8Array.of(1, 2, 3),
  ];
  const replies = first.apply(commands.map((bytes, at) => ({ index: logIndex(at + 1), term: term(1), bytes })));
  expect(replies.map((reply) => factReplyCodec.decode(reply))).toEqual([
    { ok: true, value: { type: 'counted', counter: -7 } },
    { ok: true, value: { type: 'fact-set' } },
    { ok: true, value: { type: 'refused', why: 'unreadable' } },
  ]);
  const second = new FactStateMachine(codecs);
  second.restore(first.snapshot());
  expect(second.facts.content()).toEqual(first.facts.content());
  expect(second.facts.apply(add('a', -7))).toEqual({ type: 'counted', counter: -7 });
  expect(() => second.restore(Uint8Array.of(255))).toThrow('cannot be read');
});
