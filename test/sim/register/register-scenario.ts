/**
 * The toy that the simulator is tried out on: a few replicated registers, clients that read and write them, every
 * kind of fault; no acknowledged write may be lost, and every register must look like one.
 *
 * Faults may damage data on a minority of replicas, which then notice it and stay out; so a majority of whole
 * ones is left, and every write that was acknowledged is on at least one of any majority.
 */
import type { ReplicaCore } from './replica-core.ts';
import { faultCounter, faultKinds, type FaultKind } from '../../../src/simulation/fault-plan.ts';
import { partitionShapes } from '../../../src/simulation/partition-shapes.ts';
import { sentenceCounter } from '../../../src/simulation/reach-counters.ts';
import type { Finding, Scenario, ScenarioRun } from '../../../src/simulation/scenario.ts';
import { diskFaults } from '../../../src/simulation/simulated-disk-knobs.ts';
import type { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import { storeFaults } from '../../../src/simulation/simulated-store-knobs.ts';
import type { SimulatedProcess } from '../../../src/simulation/simulated-process.ts';
import type { Simulation } from '../../../src/simulation/simulation.ts';
import { RegisterClient } from './client.ts';
import { firstVersion, isNewer, type Version } from './register-messages.ts';
import { RegisterHistory } from './register-history.ts';
import { replicaProgram } from './replica.ts';
import type { ToyBug } from './toy-bug.ts';

/** The toy syncs all that it writes to its store. */
const outOfReach = new Set<string>(['store write failed']);

/** With `kinds`, every seed has these kinds of faults and no others. */
export function registerScenario(bug?: ToyBug, kinds?: readonly FaultKind[]): Scenario {
  return {
    name: 'register',
    mustReach: [
      ...faultKinds.map(faultCounter),
      ...partitionShapes.map((shape) => `partition: ${shape}`),
      ...[...diskFaults, ...storeFaults].filter((fault) => !outOfReach.has(fault)),
      'process exited on a fault',
      sentenceCounter('a damaged replica stays out of service'),
    ],
    mustReachWithinSeeds: 1_000,
    planLimits: { safetyMsMin: 500, safetyMsMax: 4_000, ...(kinds === undefined ? {} : { kinds }) },
    build: (simulation, random) => new RegisterRun(simulation, random, bug),
  };
}

interface ReplicaUnderTest {
  readonly process: SimulatedProcess;
  /** Of its present life, or of the last one that served. */
  core: ReplicaCore | undefined;
  /** The newest version of each register that it has ever called durable. */
  readonly floor: Version[];
}

interface ClientUnderTest {
  readonly process: SimulatedProcess;
  life: { readonly client: RegisterClient; readonly start: number } | undefined;
}

const operationsMax = 150;
const coreOperations = 6;

class RegisterRun implements ScenarioRun {
  readonly scope;
  readonly stepMsMean: number;
  readonly convergenceMsMax = 30_000;
  readonly #random: SimulatedRandom;
  readonly #registers: number;
  readonly #replicas: readonly ReplicaUnderTest[];
  readonly #clients: readonly ClientUnderTest[];
  readonly #history = new RegisterHistory();
  readonly #readShare: number;
  #operations = 0;
  #core: { readonly clients: readonly ClientUnderTest[]; readonly operationsBefore: number } | undefined;

  constructor(simulation: Simulation, random: SimulatedRandom, bug: ToyBug | undefined) {
    this.#random = random;
    this.#registers = random.integerBetween(1, 2);
    this.#readShare = random.pick([0.2, 0.5, 0.8]);
    this.stepMsMean = random.acrossMagnitudes(2, 40);
    const replicaNames = Array.from({ length: random.pick([3, 3, 3, 5]) }, (_, at) => `r${at + 1}`);
    this.#replicas = replicaNames.map((name) => this.#addReplica(simulation, name, bug));
    this.#clients = Array.from({ length: random.integerBetween(2, 3) }, (_, at) =>
      this.#addClient(simulation, { name: `c${at + 1}`, replicaNames, bug }),
    );
    this.scope = {
      machines: [...replicaNames, ...this.#clients.map(({ process }) => process.name)],
      storageMachines: replicaNames,
      damagedMachinesMax: Math.floor((replicaNames.length - 1) / 2),
    };
  }

  step(): void {
    const { clients, operationsBefore } = this.#core ?? { clients: this.#clients, operationsBefore: undefined };
    const operationsLeft = operationsBefore === undefined ? operationsMax : operationsBefore + coreOperations;
    if (this.#operations >= operationsLeft) return;
    const { process, life } = this.#random.pick(clients);
    if (process.state !== 'running' || life?.start !== process.starts || !life.client.isIdle) return;
    this.#operations += 1;
    const operation = {
      id: this.#operations,
      register: this.#random.integerBelow(this.#registers),
      kind: this.#random.chance(this.#readShare) ? 'read' : 'write',
      value: this.#operations,
    } as const;
    this.#history.invoked(operation);
    process.run(() => life.client.invoke(operation));
  }

  check(): Finding | undefined {
    for (const replica of this.#replicas) {
      const durable = replica.core?.durable;
      if (durable === undefined) continue;
      for (let register = 0; register < this.#registers; register += 1) {
        const version = durable[register] ?? firstVersion;
        const floor = replica.floor[register] ?? firstVersion;
        if (version === floor) continue;
        if (isNewer(floor, version))
          return {
            what: 'what a replica has called durable it never forgets',
            facts: { replica: replica.process.name, register, floor, version },
          };
        replica.floor[register] = version;
      }
    }
    return undefined;
  }

  checkDeeply(): Finding | undefined {
    const flaw = this.#history.findFlaw(this.#registers);
    return flaw && { what: flaw.what, facts: { register: flaw.register, values: flaw.values } };
  }

  chooseCore(random: SimulatedRandom, damaged: ReadonlySet<string>): readonly string[] {
    const whole = this.scope.storageMachines.filter((name) => !damaged.has(name));
    const majority = Math.floor(this.#replicas.length / 2) + 1;
    const replicas = random.shuffled(whole).slice(0, random.integerBetween(majority, whole.length));
    return [...replicas, random.pick(this.#clients).process.name];
  }

  onCoreHealed(core: readonly string[]): void {
    const clients = this.#clients.filter(({ process }) => core.includes(process.name));
    this.#core = { clients, operationsBefore: this.#operations };
  }

  hasConverged(): boolean {
    if (this.#core === undefined || this.#operations < this.#core.operationsBefore + coreOperations) return false;
    return this.#core.clients.every(({ life }) => life?.client.isIdle === true);
  }

  #addReplica(simulation: Simulation, name: string, bug: ToyBug | undefined): ReplicaUnderTest {
    const process = simulation.addProcess(
      name,
      replicaProgram({
        name,
        registers: this.#registers,
        keepsIn: this.#random.pick(['journal', 'store']),
        bug,
        onServing: (core) => {
          replica.core = core;
        },
      }),
    );
    const replica: ReplicaUnderTest = { process, core: undefined, floor: [] };
    process.start();
    return replica;
  }

  #addClient(
    simulation: Simulation,
    { name, replicaNames, bug }: { name: string; replicaNames: readonly string[]; bug: ToyBug | undefined },
  ): ClientUnderTest {
    const process = simulation.addProcess(name, (ports) => {
      const onComplete: ConstructorParameters<typeof RegisterClient>[1]['onComplete'] = (operation, value) => {
        this.#history.returned(operation, value);
        simulation.world.trace.record(name, `operation ${operation.id}: ${operation.kind} ${value}`);
      };
      under.life = { client: new RegisterClient(ports, { replicaNames, bug, onComplete }), start: process.starts };
    });
    const under: ClientUnderTest = { process, life: undefined };
    process.start();
    return under;
  }
}
