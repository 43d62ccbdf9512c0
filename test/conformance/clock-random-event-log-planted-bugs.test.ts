/**
 * The suites of the small ports notice every implementation that breaks a promise.
 */
import { expect, test } from 'vitest';
import type { Facts } from '../../src/base/assert.ts';
import { delay, type Clock, type Timer } from '../../src/ports/clock.ts';
import type { EventLevel, EventLog } from '../../src/ports/event-log.ts';
import type { Random } from '../../src/ports/random.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { SimulatedScheduler } from '../../src/simulation/simulated-scheduler.ts';
import { clockCases, type ClockFixture } from './clock.ts';
import { eventLogCases, type EventLogFixture, type ReadEvent } from './event-log.ts';
import { findBrokenPromise, printCatch } from './planted-bugs.ts';
import { randomCases } from './random.ts';
import { passTimeUntilDone } from './virtual-time.ts';

/** A good clock on a scheduler, with methods replaced. */
function clockFixture(replace: (clock: Clock) => Partial<Clock>): ClockFixture {
  const scheduler = new SimulatedScheduler(new SimulatedRandom(1));
  const good: Clock = {
    monotonicMs: () => scheduler.nowMs,
    wallMs: () => Date.UTC(2026, 0, 1) + Math.floor(scheduler.nowMs),
    callAfterMs: (delayMs, action): Timer => scheduler.after(delayMs, action),
    callSoon: (action) => void scheduler.soon(action),
  };
  return { clock: { ...good, ...replace(good) }, passTime: (waiting) => passTimeUntilDone(scheduler, waiting) };
}

const clockBugs: Readonly<Record<string, (clock: Clock) => Partial<Clock>>> = {
  'goes back now and then': (clock) => {
    let looks = 0;
    return { monotonicMs: () => clock.monotonicMs() - ((looks += 1) % 50 === 0 ? 3 : 0) };
  },
  'stands still': () => ({ monotonicMs: () => 5 }),
  'counts the wall clock in seconds': (clock) => ({ wallMs: () => Math.floor(clock.wallMs() / 1000) }),
  'gives fractions of wall milliseconds': (clock) => ({ wallMs: () => clock.wallMs() + 0.5 }),
  'rounds delays down': (clock) => ({
    callAfterMs: (delayMs, action) => clock.callAfterMs(Math.floor(delayMs), action),
  }),
  'runs timers a little early': (clock) => ({
    callAfterMs: (delayMs, action) => clock.callAfterMs(Math.max(0, delayMs - 0.1), action),
  }),
  'runs timers in the order in which they were set': (clock) => {
    let last = Promise.resolve();
    return {
      callAfterMs: (delayMs, action) => {
        const state = { isCancelled: false };
        const before = last;
        last = delay(clock, delayMs).then(async () => {
          await before;
          if (!state.isCancelled) action();
        });
        return { cancel: () => (state.isCancelled = true) };
      },
    };
  },
  'runs a timer twice': (clock) => ({
    callAfterMs: (delayMs, action) => {
      clock.callAfterMs(delayMs + 1, action);
      return clock.callAfterMs(delayMs, action);
    },
  }),
  'runs a timer without a delay at once': (clock) => ({
    callAfterMs: (delayMs, action) => {
      if (delayMs > 0) return clock.callAfterMs(delayMs, action);
      action();
      return { cancel() {} };
    },
  }),
  'cannot cancel': (clock) => ({
    callAfterMs: (delayMs, action) => {
      clock.callAfterMs(delayMs, action);
      return { cancel() {} };
    },
  }),
  'wraps long delays around': (clock) => ({
    callAfterMs: (delayMs, action) => clock.callAfterMs(delayMs >= 2 ** 31 ? 1 : delayMs, action),
  }),
  'calls soon at once': () => ({ callSoon: (action) => action() }),
  'calls soon as a promise callback': () => ({ callSoon: (action) => void Promise.resolve().then(action) }),
  'calls soon in any order': (clock) => {
    const waiting: (() => void)[] = [];
    return {
      callSoon: (action) => {
        waiting.push(action);
        clock.callSoon(() => waiting.pop()?.());
      },
    };
  },
};

const randomBugs: Readonly<Record<string, (random: Random) => Partial<Random>>> = {
  'includes the bound': (random) => ({
    integerBelow: (bound) => random.integerBelow(Math.min(bound + 1, 2 ** 53 - 1)),
  }),
  'never draws the highest number': (random) => ({
    integerBelow: (bound) => random.integerBelow(Math.max(1, bound - 1)),
  }),
  'draws fractions': (random) => ({ integerBelow: (bound) => random.integerBelow(bound) + 0.5 }),
  'takes a remainder of too few bits': (random) => ({ integerBelow: (bound) => random.integerBelow(2 ** 32) % bound }),
  'takes an uneven remainder': (random) => ({
    integerBelow: (bound) => random.integerBelow(bound > 2 ** 32 ? 2 ** 53 - 1 : 2 ** 32) % bound,
  }),
  'multiplies a fraction of 32 bits': (random) => ({
    integerBelow: (bound) => Math.floor((random.integerBelow(2 ** 32) / 2 ** 32) * bound),
  }),
  'counts up': () => {
    let next = 0;
    return { integerBelow: (bound) => (next += 1) % bound };
  },
  'takes any bound': (random) => ({
    integerBelow: (bound) => (bound >= 1 && bound < 2 ** 53 ? random.integerBelow(Math.floor(bound)) : 0),
  }),
  'gives the same bytes again': (random) => {
    const same = random.bytes(100_000);
    return { bytes: (length) => (length <= same.length ? same.slice(0, length) : random.bytes(length)) };
  },
  'hands out one buffer again and again': (random) => {
    const shared = new Uint8Array(1_000_000);
    return {
      bytes: (length) => {
        shared.set(random.bytes(length));
        return shared.subarray(0, length);
      },
    };
  },
  'gives bytes without their highest bit': (random) => ({
    bytes: (length) => random.bytes(length).map((byte) => byte & 0x7f),
  }),
  'gives 65536 bytes at most': (random) => ({ bytes: (length) => random.bytes(Math.min(length, 65_536)) }),
};

/** A log that writes to memory; a bug replaces what it does with an event or with facts. */
interface LogParts {
  readonly write: (event: ReadEvent) => ReadEvent | undefined;
  readonly merge: (outer: Facts, inner: Facts) => Facts;
}

function eventLogFixture({ write, merge }: LogParts): EventLogFixture {
  const events: ReadEvent[] = [];
  const logWith = (outer: Facts): EventLog => ({
    emit(level: EventLevel, sentence: string, facts: Facts = {}) {
      const asText = Object.entries(merge(outer, facts)).map(([name, value]) => [name, String(value)]);
      const event = write({ level, sentence, facts: Object.fromEntries(asText) as ReadEvent['facts'] });
      if (event !== undefined) events.push(event);
    },
    with: (facts) => logWith(merge(outer, facts)),
  });
  return { eventLog: logWith({}), read: () => events };
}

const goodLog: LogParts = { write: (event) => event, merge: (outer, inner) => ({ ...outer, ...inner }) };
const eventLogBugs: Readonly<Record<string, LogParts>> = {
  'drops debug events': { ...goodLog, write: (event) => (event.level === 'debug' ? undefined : event) },
  'writes every event as info': { ...goodLog, write: (event) => ({ ...event, level: 'info' }) },
  'formats its sentences': { ...goodLog, write: (event) => ({ ...event, sentence: event.sentence.replace('%s', '') }) },
  'writes facts into the sentence': {
    ...goodLog,
    write: (event) => ({ ...event, sentence: `${event.sentence} ${JSON.stringify(event.facts)}` }),
  },
  'forgets the facts it was made with': { ...goodLog, merge: (_outer, inner) => inner },
  'lets the outer fact win': { ...goodLog, merge: (outer, inner) => ({ ...inner, ...outer }) },
  'changes the log it came from': { ...goodLog, merge: (outer, inner) => Object.assign(outer, inner) },
};

for (const [bug, replace] of Object.entries(clockBugs))
  test(`the clock suite catches a clock that ${bug}`, async () => {
    const cases = clockCases.map((clockCase) => ({
      promise: clockCase.promise,
      run: ({ clock, passTime }: ClockFixture) => passTime(clockCase.play(clock)),
    }));
    const broken = await findBrokenPromise({ cases, fixtures: [async () => clockFixture(replace)] });
    printCatch('clock', bug, broken);
    expect(broken).toBeDefined();
  });

for (const [bug, replace] of Object.entries(randomBugs))
  test(`the chance suite catches a source that ${bug}`, async () => {
    const cases = randomCases.map((randomCase) => ({
      promise: randomCase.promise,
      run: async (random: Random) => randomCase.play(random),
    }));
    const makeBroken = async (): Promise<Random> => {
      const good = new SimulatedRandom(1);
      const whole: Random = {
        integerBelow: (bound) => good.integerBelow(bound),
        bytes: (length) => good.bytes(length),
      };
      return { ...whole, ...replace(whole) };
    };
    const broken = await findBrokenPromise({ cases, fixtures: [makeBroken] });
    printCatch('chance', bug, broken);
    expect(broken).toBeDefined();
  });

for (const [bug, parts] of Object.entries({ ...eventLogBugs, '': goodLog }))
  test(`the event log suite catches a log that ${bug || 'nothing is wrong with, which it does not'}`, async () => {
    const cases = eventLogCases.map((eventLogCase) => ({
      promise: eventLogCase.promise,
      run: async (fixture: EventLogFixture) => eventLogCase.play(fixture),
    }));
    const broken = await findBrokenPromise({ cases, fixtures: [async () => eventLogFixture(parts)] });
    if (bug !== '') printCatch('event log', bug, broken);
    expect(broken !== undefined).toBe(bug !== '');
  });
