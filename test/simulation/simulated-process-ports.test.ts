/**
 * What a simulated process is handed keeps the promises of the ports.
 */
import { Incarnation } from '../../src/simulation/incarnation.ts';
import { SimulatedClock, SimulatedWallClock } from '../../src/simulation/simulated-clock.ts';
import { SimulatedEventLog } from '../../src/simulation/simulated-event-log.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { SimulatedWorld } from '../../src/simulation/simulated-world.ts';
import { clockConformance } from '../conformance/clock.ts';
import { eventLogConformance, type ReadEvent } from '../conformance/event-log.ts';
import { randomConformance } from '../conformance/random.ts';
import { passTimeUntilDone } from '../conformance/virtual-time.ts';

function life(observe: (line: string) => void = () => {}): Incarnation {
  return new Incarnation(new SimulatedWorld({ seed: 1, observe }), 'n1', 1, (fault) => {
    throw fault;
  });
}

clockConformance('simulated', () => {
  const incarnation = life();
  return {
    clock: new SimulatedClock(incarnation, new SimulatedWallClock(0), 1_000),
    passTime: (waiting) => passTimeUntilDone(incarnation.world.scheduler, waiting),
  };
});

for (const seed of [1, 2, 3]) randomConformance(`simulated (seed ${seed})`, () => new SimulatedRandom(seed));

/** A line of the trace: when, who, level, sentence, facts. */
const eventPattern = / n1 +(?<level>\w+): (?<sentence>.*?)(?<facts>(?: \w+=\S+)*) ?$/;

function readEvent(line: string): ReadEvent {
  const { level = '', sentence = '', facts = '' } = eventPattern.exec(line)?.groups ?? {};
  const pairs = facts.split(' ').filter((fact) => fact !== '');
  return { level, sentence, facts: Object.fromEntries(pairs.map((fact) => fact.split('='))) as ReadEvent['facts'] };
}

eventLogConformance('simulated', () => {
  const lines: string[] = [];
  const incarnation = life((line) => void lines.push(line));
  return { eventLog: new SimulatedEventLog(incarnation, {}), read: () => lines.map(readEvent) };
});
