/**
 * What the driver costs: events per second through the step and the effects of a core that does nothing itself.
 *
 * Run: node --import tsx test/bench/driver.ts
 */
import { Driver, driverLimitsDefault, type Outcome, type Schedule } from '../../src/drive/driver.ts';

interface Ping {
  readonly type: 'ping' | 'pong';
}
interface Work {
  readonly schedule: Schedule;
}

const ping: Ping = { type: 'ping' };
const pong: Ping = { type: 'pong' };
const now: Work = { schedule: { kind: 'now' } };
const inLane: Work = { schedule: { kind: 'lane', lane: 'log' } };
const answered = Promise.resolve(pong);

interface Bench {
  readonly name: string;
  readonly events: number;
  readonly effects: readonly Work[];
  readonly perform: (effect: Work) => Outcome<Ping>;
}

const benches: readonly Bench[] = [
  { name: 'no effect', events: 10_000_000, effects: [], perform: () => undefined },
  { name: 'one effect, done at once', events: 5_000_000, effects: [now], perform: () => undefined },
  { name: 'one effect that answers at once', events: 5_000_000, effects: [now], perform: () => pong },
  { name: 'three effects, done at once', events: 3_000_000, effects: [now, now, inLane], perform: () => undefined },
  { name: 'one effect in a lane that answers later', events: 500_000, effects: [inLane], perform: () => answered },
];

async function eventsPerSecond({ events, effects, perform }: Bench): Promise<number> {
  const driver = new Driver<Ping, Work>({
    machine: { step: (event) => (event.type === 'ping' ? effects : []) },
    schedule: (effect) => effect.schedule,
    perform,
    onFatal: (fault) => {
      throw fault;
    },
    clock: { callSoon: (action) => void setImmediate(action) },
    limits: driverLimitsDefault,
  });
  const start = performance.now();
  for (let submitted = 0; submitted < events;) {
    if (driver.submit(ping).ok) submitted += 1;
    else await new Promise(setImmediate);
  }
  while (driver.effectsInFlight > 0) await new Promise(setImmediate);
  return events / ((performance.now() - start) / 1000);
}

for (const bench of benches) {
  await eventsPerSecond({ ...bench, events: bench.events / 10 });
  const rate = await eventsPerSecond(bench);
  const nanoseconds = (1e9 / rate).toFixed(0).padStart(5);
  console.log(`${bench.name.padEnd(44)} ${(rate / 1e6).toFixed(2).padStart(6)} M events/s ${nanoseconds} ns each`);
}
