/**
 * Planted bugs of a broker's life in its cluster: L for life. What each breaks is the name of a test.
 */
import type { Mutant } from './mutant.ts';

const life = 'src/broker/broker-life.ts';

type Plan = Pick<Mutant, 'id' | 'bug' | 'find' | 'replace' | 'breaks'>;

const plans: readonly Plan[] = [
  {
    id: 'L01',
    bug: 'a broker takes the registration of its former life for its own',
    find: 'const isOurs = shown?.incarnation === this.#options.incarnation;',
    replace: 'const isOurs = shown !== undefined;',
    breaks: /takes the registration of a former life for somebody else/,
  },
  {
    id: 'L02',
    bug: 'a broker goes on when another process has its number',
    find: "return this.#giveUp({ type: 'replaced', incarnation, brokerEpoch });",
    replace: 'return undefined;',
    breaks: /M5: ends when another process has its number/,
  },
  {
    id: 'L03',
    bug: 'heartbeats pile up on a controller that is slow to answer',
    find: 'if (this.#isHeartbeatOut || this.#nowMs < this.#heartbeatDueMs || this.#registration === undefined) return;',
    replace: 'if (this.#nowMs < this.#heartbeatDueMs || this.#registration === undefined) return;',
    breaks: /never two at once/,
  },
  {
    id: 'L04',
    bug: 'a broker goes before it has seen that others lead what it led',
    find: 'const isSeen = seenFrom !== undefined && this.#revision !== undefined && this.#revision >= seenFrom;',
    replace: 'const isSeen = seenFrom !== undefined;',
    breaks: /hands over first, waits until it sees that/,
  },
  {
    id: 'L05',
    bug: 'each attempt to register is another request',
    find: 'requestId: `${this.#options.incarnation}-register`',
    replace: 'requestId: `${this.#options.incarnation}-${this.#nowMs}`',
    breaks: /under one request id/,
  },
  {
    id: 'L06',
    bug: 'a broker gives up because its former life has a session still',
    find: 'if (passesByItself(refusal)) this.#effects',
    replace: "if (refusal.type === 'limit-reached') this.#effects",
    breaks: /waits for the session of its former life to end/,
  },
  {
    id: 'L07',
    bug: 'an earlier heartbeat is taken for the goodbye',
    find: "if (this.#phase.name === 'leaving' && this.#phase.hasSaidSo) this.#leave();",
    replace: "if (this.#phase.name === 'leaving') this.#leave();",
    breaks: /says goodbye only after an earlier heartbeat has ended/,
  },
];

const repairPlans: readonly (Plan & Pick<Mutant, 'file'>)[] = [
  {
    id: 'L08',
    bug: 'a broker serves bytes that it has not looked at',
    file: 'src/broker/partition-requests.ts',
    find: "log.read({ from, bytesMax: waiting.bytesMax, below: upTo, check: 'whole' })",
    replace: "log.read({ from, bytesMax: waiting.bytesMax, below: upTo, check: 'stamps' })",
    breaks: /lets another lead/,
  },
  {
    id: 'L09',
    bug: 'what was known of producers is taken from damaged batches',
    file: 'src/broker/open-replica.ts',
    find: "log.read({ from, bytesMax: replayBytes, check: 'whole' })",
    replace: "log.read({ from, bytesMax: replayBytes, check: 'stamps' })",
    breaks: /damaged batch of a producer/,
  },
  {
    id: 'L10',
    bug: 'nobody is told that a replica can go on again',
    file: 'src/partition/partition.ts',
    find: "core.emit({ type: 'come-back' });\n  takeRole(core);",
    replace: 'takeRole(core);',
    breaks: /last one in sync is led again/,
  },
  {
    id: 'L11',
    bug: 'only the leader is asked for what is lost',
    file: 'src/broker/replica-repairs.ts',
    find: 'filter((id) => id !== brokerId);',
    replace: 'filter((id) => id !== brokerId && id === leader);',
    breaks: /last one in sync is led again/,
  },
  {
    id: 'L12',
    bug: 'nobody looks at what nobody reads',
    file: 'src/broker/partition-host.ts',
    find: 'host.#scrubber.start();',
    replace: '',
    breaks: /found by nobody reading them/,
  },
  {
    id: 'L13',
    bug: 'what only this log holds is never given up, so it never takes part again',
    file: 'src/partition/partition.ts',
    find: "core.emit({ type: 'cut', generation: log.generation, end: from });",
    replace: '',
    breaks: /goes where it is damaged/,
  },
  {
    id: 'L14',
    bug: 'committed records are given up where they are damaged',
    file: 'src/partition/partition.ts',
    find: 'if (from < core.watermark || from < log.localStart || from >= log.assigned) return;',
    replace: 'if (from < log.localStart || from >= log.assigned) return;',
    breaks: /nothing that may be committed is/,
  },
];

export const brokerMutants: readonly Mutant[] = [
  ...plans.map((plan) => ({ ...plan, file: life, tests: ['test/broker'] })),
  ...repairPlans.map((plan) => ({
    ...plan,
    tests: [
      'test/node/repair.test.ts',
      'test/broker/open-replica.test.ts',
      'test/partition/partition-recovery.test.ts',
    ],
  })),
];
