/**
 * Planted bugs of the judge of histories: H for history. A checker that overlooks something passes every run, so each
 * of these must be noticed by a history that shows an anomaly, or by one that must not be accused of it.
 */
import type { Mutant } from './mutant.ts';

type Plan = Pick<Mutant, 'id' | 'bug' | 'file' | 'find' | 'replace' | 'breaks'>;

const inTesting = (name: string): string => `src/testing/${name}.ts`;

const plans: readonly Plan[] = [
  {
    id: 'H01',
    bug: 'what readers passed is not called lost',
    file: inTesting('loss-anomalies'),
    find: 'if (widest !== undefined && widest.to > one.offset) passed.set(one, widest);',
    replace: '',
    breaks: /shows 'lost-write'/,
  },
  {
    id: 'H02',
    bug: 'what lies behind the last poll is called lost',
    file: inTesting('loss-anomalies'),
    find: 'if (widest !== undefined && widest.to > one.offset)',
    replace: 'if (widest !== undefined)',
    breaks: /not accused of/,
  },
  {
    id: 'H03',
    bug: 'the rest of a transaction is not missed',
    file: inTesting('loss-anomalies'),
    find: "f === 'txn' && sends.some",
    replace: "f === 'poll' && sends.some",
    breaks: /shows 'torn-transaction'/,
  },
  {
    id: 'H04',
    bug: 'what a leader alone acknowledged counts as if all had',
    file: inTesting('observed-history'),
    find: "(observed.terms.acks ?? 'all') === 'all';",
    replace: "observed.terms.acks !== 'none';",
    breaks: /not accused of|shows 'lost-weak-write'/,
  },
  {
    id: 'H05',
    bug: 'a seek does not move a consumer',
    file: inTesting('poll-jumps'),
    find: ': { next: offset, line };',
    replace: ': positionIn(consumer, log);',
    breaks: /not accused of/,
  },
  {
    id: 'H06',
    bug: 'consumers forget after every poll where they were',
    file: inTesting('poll-jumps'),
    find: 'consumer.positions.set(log, { next: last + 1, line });',
    replace: 'consumer.fromStart = false;',
    breaks: /shows '(?:nonmonotonic-poll|poll-skip)'/,
  },
  {
    id: 'H07',
    bug: 'a crash does not make another producer of a process',
    file: inTesting('observed-history'),
    find: 'this.#lives.set(line.process, this.#lifeOf(line.process) + 1);',
    replace: '',
    breaks: /not accused of|is refused by its line/,
  },
  {
    id: 'H08',
    bug: 'compacted topics are judged like others',
    file: inTesting('version-order'),
    find: 'compactedTopics.includes(log.topic) ?',
    replace: 'compactedTopics.includes(log.name) ?',
    breaks: /not accused of/,
  },
  {
    id: 'H09',
    bug: 'in a compacted topic everything may vanish',
    file: inTesting('version-order'),
    find: 'return others > 0 || facts.highest > (highestOffsetOf(value) ?? -1);',
    replace: 'return others >= 0 || facts.highest >= 0;',
    breaks: /keeps the last value of every key/,
  },
  {
    id: 'H10',
    bug: 'the first of the values at an offset counts, and the others are overlooked',
    file: inTesting('version-order'),
    find: 'if (sorted[at - 1]?.offset !== place.offset) continue;',
    replace: 'if (sorted[at - 1]?.offset !== place.offset || at > 0) continue;',
    breaks: /shows 'inconsistent-offsets'/,
  },
  {
    id: 'H11',
    bug: 'a send must be later than it has to be',
    file: inTesting('observed-log'),
    find: 'observed.floor = this.#highest;',
    replace: 'observed.floor = this.#highest + 1;',
    breaks: /and nothing else|not accused of/,
  },
  {
    id: 'H12',
    bug: 'circles are looked for one way only',
    file: inTesting('dependency-cycles'),
    find: 'else if (component[to] === -1) low[node]',
    replace: 'else if (component[to] === -2) low[node]',
    breaks: /shows '(?:send-skip|G0|G1c)'/,
  },
  {
    id: 'H13',
    bug: 'what ended before another began is not known to be before it',
    file: inTesting('dependency-graph'),
    find: 'if (past > 0 && tookEffect(operation))',
    replace: 'if (past < 0 && tookEffect(operation))',
    breaks: /shows 'G1c-realtime'/,
  },
  {
    id: 'H14',
    bug: 'a field that nobody knows is skipped',
    file: inTesting('log-history-parser'),
    find: 'if (check === undefined) return `has the field ${field}, which is not known here`;',
    replace: 'if (check === undefined) continue;',
    breaks: /is refused: one with a field too many/,
  },
];

export const checkerMutants: readonly Mutant[] = plans.map((plan) => ({
  ...plan,
  // Short histories name what is broken; the model of a log would say that something is.
  tests: ['test/testing/log-history-checker.test.ts', 'test/testing/log-history-format.test.ts'],
}));
