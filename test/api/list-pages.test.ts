/**
 * Pages of lists: together they are the whole, whatever comes and goes between two of them.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { pageOfFixed } from '../../src/api/list-page.ts';
import { listBrokersReplyCodec, listBrokersRequestCodec } from '../../src/wire/broker-messages.ts';
import { pageTokenOf, type PageRequest } from '../../src/wire/request-fields.ts';
import { listTopicsReplyCodec, listTopicsRequestCodec } from '../../src/wire/topic-messages.ts';
import { AdminServer, topicNamed } from './admin-server.ts';

const topics = [listTopicsRequestCodec, listTopicsReplyCodec] as const;
const brokers = [listBrokersRequestCodec, listBrokersReplyCodec] as const;

const name = (number: number): string => `topic-${number % 50}`;

type Step = { readonly make: number } | { readonly drop: number };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(fc.record({ make: fc.nat(49) }), fc.record({ drop: fc.nat(49) })),
  { maxLength: 6 },
);

test('a topic that exists all the while is on exactly one page, and pages are in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(49), { maxLength: 30 }),
      fc.integer({ min: 1, max: 8 }),
      fc.array(steps, { minLength: 1, maxLength: 8 }),
      async (first, size, between) => {
        const server = new AdminServer({ brokers: 1 });
        const { controller } = server;
        const all = new Set<string>();
        const make = (number: number): void => {
          controller.must(topicNamed(name(number), { ifNotExists: true }));
          all.add(name(number));
        };
        for (const number of first) make(number);
        const always = new Set(all);
        const ever = new Set(all);
        const seen: string[] = [];
        let page: PageRequest = { size, token: '' };
        for (let at = 0; ; at += 1) {
          expect(at, 'pages come to an end').toBeLessThanOrEqual(ever.size);
          const reply = await server.call('TopicService/ListTopics', topics, { page, consistency: 'linearizable' });
          seen.push(...reply.topics.map((topic) => topic.name));
          expect(reply.topics.length).toBeLessThanOrEqual(size);
          if (reply.nextPageToken === '') break;
          page = { size, token: reply.nextPageToken };
          for (const step of between[at] ?? []) {
            if ('make' in step) make(step.make);
            else {
              const topic = { by: 'name', name: name(step.drop), topicId: undefined } as const;
              const rest = { ifExists: true, expectedRevision: undefined, validateOnly: false };
              controller.must({ type: 'delete-topic', topic, ...rest });
              all.delete(name(step.drop));
            }
            for (const each of always) if (!all.has(each)) always.delete(each);
            for (const each of all) ever.add(each);
          }
        }
        expect(seen).toEqual([...seen].sort());
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.filter((each) => always.has(each))).toEqual([...always].sort());
        expect(seen.filter((each) => !ever.has(each))).toEqual([]);
      },
    ),
    { numRuns: 40 },
  );
});

test('brokers are listed in the order of their numbers, a page at a time', async () => {
  const server = new AdminServer({ brokers: 12 });
  const seen: number[] = [];
  let token = '';
  do {
    const reply = await server.call('ClusterService/ListBrokers', brokers, {
      page: { size: 5, token },
      consistency: 'local',
    });
    seen.push(...reply.brokers.map(({ brokerId }) => brokerId));
    token = reply.nextPageToken;
  } while (token !== '');
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('a token of another list is refused', async () => {
  const server = new AdminServer({ brokers: 1 });
  const page = { size: undefined, token: pageTokenOf('orders') };
  const refusal = await server.refusal('ClusterService/ListBrokers', brokers[0], { page, consistency: 'local' });
  expect(refusal).toMatchObject({ reason: 'INVALID_REQUEST', violations: [{ field: 'page_token' }] });
});

test('no page has more than a thousand rows, and a hundred where the caller does not say', async () => {
  const server = new AdminServer({ brokers: 1 });
  for (let number = 0; number < 1100; number += 1) server.controller.must(topicNamed(`t${number}`));
  const lengthOf = async (size: number | undefined): Promise<number> => {
    const page = { size, token: '' };
    return (await server.call('TopicService/ListTopics', topics, { page, consistency: 'local' })).topics.length;
  };
  expect(await lengthOf(undefined)).toBe(100);
  expect(await lengthOf(5000)).toBe(1000);
});

test('the pages of a fixed list are the whole list', () => {
  const rows = ['a', 'b', 'c', 'd', 'e'].map((letter) => ({ name: letter }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), (size) => {
      const seen: string[] = [];
      let token = '';
      do {
        const page = pageOfFixed(rows, { size, token });
        seen.push(...page.rows.map((row) => row.name));
        token = page.nextPageToken;
      } while (token !== '');
      expect(seen.join('')).toBe('abcde');
    }),
  );
});
