/**
 * One process with a few partition logs on one disk, under everything that disks and processes do: whatever was
 * reported is there after it, byte for byte, and nothing is that was not appended or that was cut off.
 *
 * Bits flip in some seeds only, and then the promise is another one: what is lost is said, and what is served is right.
 */
import { faultCounter, faultKinds, type FaultKind, type FaultScope } from '../../../src/simulation/fault-plan.ts';
import type { Scenario, ScenarioRun } from '../../../src/simulation/scenario.ts';
import { diskFaults } from '../../../src/simulation/simulated-disk-knobs.ts';
import type { ProcessPorts, SimulatedProcess } from '../../../src/simulation/simulated-process.ts';
import type { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import type { Simulation } from '../../../src/simulation/simulation.ts';
import { LogDisk, type LogDiskLimits } from '../../../src/storage/log-disk.ts';
import { removeLeftOverLogs } from '../../../src/storage/remove-log.ts';
import { drawDiskLimits } from './drawn-log.ts';
import { logSightings } from './log-sightings.ts';
import { logsFolder, LogUnderTest } from './log-under-test.ts';
import { LogWork } from './log-work.ts';

/** There is no network; and bits are flipped by the scenario, which has to know which logs it hit. */
const without: readonly FaultKind[] = [
  'rough weather',
  'link clogged',
  'link cut',
  'link cut one way',
  'partition',
  'stream reset',
  'stream stalled',
  'bit rot',
];

export const partitionLogScenario: Scenario = {
  name: 'partition-log',
  mustReach: [
    ...logSightings,
    ...diskFaults,
    ...faultKinds.filter((kind) => !without.includes(kind)).map(faultCounter),
    'process exited on a fault',
  ],
  mustReachWithinSeeds: 200,
  planLimits: { safetyMsMin: 100, safetyMsMax: 1_500 },
  build: (simulation, random) => new PartitionLogRun(simulation, random),
};

const machine = 'b1';
const stepsMax = 150;

interface Subject {
  readonly log: LogUnderTest;
  readonly work: LogWork;
  isFinishing: boolean;
  isFinished: boolean;
}

class PartitionLogRun implements ScenarioRun {
  readonly scope: FaultScope = { machines: [machine], storageMachines: [machine], damagedMachinesMax: 0, without };
  readonly stepMsMean: number;
  readonly convergenceMsMax = 30_000;
  readonly #random: SimulatedRandom;
  readonly #process: SimulatedProcess;
  readonly #subjects: readonly Subject[];
  readonly #limits: LogDiskLimits;
  #steps = 0;
  #isCoreHealed = false;

  constructor(simulation: Simulation, random: SimulatedRandom) {
    this.#random = random;
    this.stepMsMean = random.acrossMagnitudes(0.5, 10);
    this.#limits = drawDiskLimits(random);
    const exitsOnFault = random.chance(0.3);
    const mayRot = random.chance(0.3);
    const { world } = simulation;
    this.#process = simulation.addProcess(machine, (ports) => this.#boot(ports));
    const flip = mayRot
      ? (path: string) => this.#process.disk.flipBits(1, (other) => other.startsWith(`${path}/`))
      : undefined;
    this.#subjects = Array.from({ length: random.pick([1, 1, 2, 3]) }, (_, at) => {
      const name = `log-${at + 1}`;
      const log = new LogUnderTest({ name, world, random: random.fork(name), exitsOnFault, flip });
      return { log, work: new LogWork(log, random.fork(`work on ${name}`)), isFinishing: false, isFinished: false };
    });
    this.#process.start();
  }

  step(): void {
    if (this.#process.state !== 'running') return;
    if (this.#isCoreHealed) return this.#finish();
    if (this.#steps >= stepsMax) return;
    const { log: subject, work } = this.#random.pick(this.#subjects);
    const { log } = subject;
    if (log === undefined) return;
    this.#steps += 1;
    this.#process.run(() => work.step(log));
  }

  check(): undefined {}

  checkDeeply(): undefined {}

  chooseCore(): readonly string[] {
    return [machine];
  }

  onCoreHealed(): void {
    this.#isCoreHealed = true;
  }

  hasConverged(): boolean {
    return this.#isCoreHealed && this.#subjects.every(({ isFinished }) => isFinished);
  }

  #boot(ports: ProcessPorts): void {
    const { starts, lastEnding } = this.#process;
    const isAlive = (): boolean => this.#process.starts === starts && this.#process.state !== 'down';
    const home = { ports, on: new LogDisk(ports.disk, this.#limits), isAlive };
    for (const subject of this.#subjects) {
      subject.isFinishing = false;
      if (lastEnding !== undefined)
        subject.log.expected.processEnded(lastEnding === 'power-cut' ? 'lost power' : 'crashed');
      void subject.log.start(home);
    }
    const { disk, clock, eventLog } = ports;
    // The folder of all logs is made with the first of them.
    void removeLeftOverLogs({ disk, clock, eventLog, delayMs: 10 }, logsFolder).catch(() => {});
  }

  /** With everything whole again each log takes something, makes it durable, and has all that it should. */
  #finish(): void {
    for (const subject of this.#subjects) {
      const { log } = subject.log;
      if (log === undefined || subject.isFinishing || subject.isFinished) continue;
      if (log.failure !== undefined) {
        subject.log.startAgain();
        continue;
      }
      subject.isFinishing = true;
      this.#process.run(() => {
        subject.work.append(log);
        subject.log.whenHeard(
          log.flush().then(() => subject.log.readAll(log)),
          () => {
            subject.isFinished = true;
          },
          () => {
            subject.isFinishing = false;
          },
        );
      });
    }
  }
}
