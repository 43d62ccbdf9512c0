/**
 * Planted bugs of the transport between replicas: T for transport. What each breaks is the name of a test.
 */
import type { Mutant } from './mutant.ts';

type Plan = Omit<Mutant, 'tests'>;

const plans: readonly Plan[] = [
  {
    id: 'T01',
    bug: 'a hello does not say in which life its sender is',
    file: 'src/partition/replica-hello.ts',
    find: "if (named < newest) return { type: 'former-life', from, newest, named };",
    replace: '',
    breaks: /another cluster, number or life is not listened to|a life that is over are ended/,
  },
  {
    id: 'T02',
    bug: 'whoever means an earlier life of a broker is heard by the later one',
    file: 'src/partition/replica-hello.ts',
    find: 'if (toEpoch !== self.brokerEpoch)',
    replace: 'if (toEpoch > self.brokerEpoch)',
    breaks: /meant in an earlier life is not reached/,
  },
  {
    id: 'T03',
    bug: 'streams that are open outlast the life of their sender',
    file: 'src/broker/replica-acceptor.ts',
    find: 'if (problem !== undefined) this.#end(stream, this.#statusOf(problem));',
    replace: '',
    breaks: /a life that is over are ended/,
  },
  {
    id: 'T04',
    bug: 'batches are not held against their checksum when they arrive',
    file: 'src/broker/check-push.ts',
    find: "if (!header.checksumMatches()) return { type: 'checksum-mismatch' };",
    replace: '',
    breaks: /no bit of a batch can change unnoticed|dropped and reported/,
  },
  {
    id: 'T05',
    bug: 'a push may begin anywhere',
    file: 'src/broker/check-push.ts',
    find: 'before === undefined ? baseOffset === push.from :',
    replace: 'before === undefined ||',
    breaks: /wrong place, order or epoch|no bit of a batch can change unnoticed/,
  },
  {
    id: 'T06',
    bug: 'what was on its way on an earlier stream is heard after a later one began',
    file: 'src/broker/replica-acceptor.ts',
    find: "this.#end(earlier, statusOf('aborted', 'replaced by a later stream'));",
    replace: 'continue;',
    breaks: /nothing of an earlier stream is heard once a later one began/,
  },
  {
    id: 'T08',
    bug: 'catching up goes where the newest batches go',
    file: 'src/broker/replica-transport.ts',
    find: "'catch-up': makeLane('catch-up')",
    replace: "'catch-up': makeLane('tail')",
    breaks: /keeps to its bytes a second|every kind of message arrives/,
  },
  {
    id: 'T09',
    bug: 'received bytes are not given back as credit',
    file: 'src/broker/replica-acceptor.ts',
    find: 'stream.release(ownedMessage.length);',
    replace: '',
    breaks: /push reads nothing before there is room|taken|newest totals get through/,
  },
  {
    id: 'T11',
    bug: 'whoever is read first leaves first',
    file: 'src/broker/push-lane.ts',
    find: "for (let push = this.#begun[0]; push?.state === 'read'; push = this.#begun[0]) {",
    replace:
      "this.#begun.sort((a, b) => Number(b.state === 'read') - Number(a.state === 'read'));\n    for (let push = this.#begun[0]; push?.state === 'read'; push = this.#begun[0]) {",
    breaks: /leave in the order in which they were asked for/,
  },
  {
    id: 'T12',
    bug: 'an idle way is told as a lost one',
    file: 'src/broker/replica-acceptor.ts',
    find: 'if (frame.isGoodbye) this.#callers.delete(stream);',
    replace: '',
    breaks: /an idle way is no lost way/,
  },
  {
    id: 'T13',
    bug: 'a link that is cut silently is believed in for ever',
    file: 'src/broker/replica-link.ts',
    find: 'if (leftMs <= 0) this.#lose(undefined);',
    replace: 'if (leftMs <= 0) return;',
    breaks: /cut off silently is given up/,
  },
  {
    id: 'T14',
    bug: 'an idle link asks for signs for ever',
    file: 'src/broker/replica-link.ts',
    find: 'way.hasNews = false;',
    replace: '',
    breaks: /idle send nothing and own no timer/,
  },
  {
    id: 'T15',
    bug: 'numbers go on beyond their bound',
    file: 'src/broker/partition-numbers.ts',
    find: 'if (this.#next + partitionsMax <= this.#numbersMax) return;',
    replace: 'return;',
    breaks: /broken: numbers are bounded|more partitions than there are numbers/,
  },
  {
    id: 'T17',
    bug: 'positions beyond 2^53-1 are taken as they come',
    file: 'src/wire/partition-saying.ts',
    find: 'return must(field, offsetFromOutside(value ?? 0));',
    replace: 'return (value ?? 0) as Offset;',
    breaks: /numbers that no position can be are refused/,
  },
  {
    id: 'T18',
    bug: 'what catching up spends is not counted',
    file: 'src/broker/push-lane.ts',
    find: 'for (const { length } of parts) budget.spend(length);',
    replace: '',
    breaks: /keeps to its bytes a second|take turns/,
  },
  {
    id: 'T19',
    bug: 'a loss that one side has noticed is kept to itself',
    file: 'src/broker/replica-transport.ts',
    find: 'control.oweLoss();',
    replace: '',
    breaks: /a way that was lost is told of before anything else/,
  },
];

const tests = [
  'test/broker/replica-transport.test.ts',
  'test/broker/replica-acceptor.test.ts',
  'test/broker/push-lane.test.ts',
  'test/broker/check-push.test.ts',
  'test/wire/replica-codec.test.ts',
];

export const transportMutants: readonly Mutant[] = plans.map((plan) => ({ ...plan, tests }));
