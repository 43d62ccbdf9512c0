/**
 * A broker that keeps nothing: it registers, follows the log, says that it lives, and stops or dies as the simulation
 * wants. Every life is another incarnation.
 */
import { InvariantError } from '../../../src/base/assert.ts';
import type { BrokerEpoch } from '../../../src/base/epochs.ts';
import { FaultError } from '../../../src/base/fault-error.ts';
import {
  brokerId,
  directoryId,
  incarnationId,
  uniqueIdFromBytes,
  type BrokerId,
  type ClusterId,
  type IncarnationId,
} from '../../../src/base/ids.ts';
import { featureDefinitions } from '../../../src/metadata/feature-definitions.ts';
import { delay } from '../../../src/ports/clock.ts';
import { MetadataObserver } from '../../../src/quorum/metadata-observer.ts';
import type { ProcessPorts, SimulatedProcess } from '../../../src/simulation/simulated-process.ts';
import type { Simulation } from '../../../src/simulation/simulation.ts';
import { metadataQuorumCodecs } from '../../../src/wire/metadata-quorum-codecs.ts';
import type { ReferenceLog } from './reference-log.ts';

export interface StubBrokerOptions {
  readonly simulation: Simulation;
  readonly number: number;
  readonly rack: string | undefined;
  readonly voters: readonly string[];
  /** Undefined until there is a cluster to join. */
  readonly clusterId: () => ClusterId | undefined;
  readonly log: ReferenceLog;
}

const heartbeatMs = 250;
const waitMs = 2000;

interface Life {
  readonly start: number;
  readonly observer: MetadataObserver;
  readonly ports: ProcessPorts;
  epoch: BrokerEpoch | undefined;
  isLeaving: boolean;
}

export class StubBroker {
  readonly id: BrokerId;
  readonly process: SimulatedProcess;
  readonly #options: StubBrokerOptions;
  #life: Life | undefined;

  constructor(options: StubBrokerOptions) {
    this.#options = options;
    this.id = brokerId(100 + options.number);
    this.process = options.simulation.addProcess(`b${options.number}`, (ports) => this.#boot(ports));
    this.process.start();
  }

  get observer(): MetadataObserver | undefined {
    return this.#running?.observer;
  }

  /** It hands over, says goodbye, and is silent from then on, until its process starts anew. */
  shutDown(): void {
    const life = this.#running;
    if (life?.epoch === undefined || life.isLeaving) return;
    const { epoch } = life;
    // At once, although a process that is paused does it later.
    life.isLeaving = true;
    this.process.run(() => {
      const request = {
        requestId: this.#draw(life),
        command: { type: 'shut-down-broker', brokerId: this.id, brokerEpoch: epoch },
      } as const;
      void life.observer.request(request, waitMs).then(() => this.#beat(life, epoch, true));
    });
  }

  /** One that has said goodbye comes back only in another life. */
  startAnewIfLeaving(): void {
    if (this.#running?.isLeaving !== true) return;
    this.process.crash();
    if (this.process.state === 'down') this.process.start();
  }

  get #running(): Life | undefined {
    return this.process.state !== 'down' && this.#life?.start === this.process.starts ? this.#life : undefined;
  }

  async #boot(ports: ProcessPorts): Promise<void> {
    const { clusterId, voters, log, simulation } = this.#options;
    const start = this.process.starts;
    let cluster = clusterId();
    while (cluster === undefined) {
      await delay(ports.clock, heartbeatMs);
      cluster = clusterId();
    }
    const observer = new MetadataObserver({
      ...ports,
      clusterId: cluster,
      voters,
      machine: log.makeMachine(this.process.name),
      codecs: metadataQuorumCodecs.service,
      follow: metadataQuorumCodecs.follow,
      onFatal: (fault) => {
        if (fault instanceof InvariantError)
          simulation.world.fail({ what: fault.message, facts: fault.facts, cause: fault });
        else if (fault instanceof FaultError) ports.exit(fault);
        else throw fault;
      },
    });
    observer.start();
    const life: Life = { start, observer, ports, epoch: undefined, isLeaving: false };
    this.#life = life;
    await this.#live(life, cluster);
  }

  /** Registers, and lives until it leaves; again when it is told that another registration is in force. */
  async #live(life: Life, clusterId: ClusterId): Promise<void> {
    const incarnation = incarnationId(this.#draw(life));
    while (!life.isLeaving) {
      life.epoch ??= await this.#register(life, clusterId, incarnation);
      const isInForce = life.epoch === undefined || (await this.#beat(life, life.epoch, false));
      if (!isInForce) life.epoch = undefined;
      await delay(life.ports.clock, heartbeatMs);
    }
  }

  /**
   * Refused while the former life's session lasts. A command of a former life that was long on its way may undo it:
   * then it is not in force, and undefined.
   */
  async #register(life: Life, clusterId: ClusterId, incarnation: IncarnationId): Promise<BrokerEpoch | undefined> {
    const { number, rack } = this.#options;
    const { observer } = life;
    const command = {
      type: 'register-broker',
      brokerId: this.id,
      clusterId,
      incarnation,
      directories: [directoryId(number.toString(16).padStart(32, '0'))],
      rack,
      endpoints: { api: `b${number}:7091`, peer: `b${number}:7191` },
      features: featureDefinitions.map(({ name, levelMin, levelMax }) => ({ name, levelMin, levelMax })),
    } as const;
    const reply = await observer.request({ requestId: this.#draw(life), command }, waitMs);
    const isSeen = reply.type === 'done' && (await observer.untilRevision(reply.revision, waitMs)).ok;
    const registration = isSeen ? observer.image.brokers.get(this.id) : undefined;
    return registration?.incarnation === incarnation ? registration.brokerEpoch : undefined;
  }

  /** False when the registration is not in force any more. */
  async #beat({ observer }: Life, brokerEpoch: BrokerEpoch, isLeaving: boolean): Promise<boolean> {
    const { revision } = observer.image;
    const heard = await observer.heartbeat({ brokerId: this.id, brokerEpoch, revision, isLeaving }, waitMs);
    return heard === undefined || heard.state !== undefined;
  }

  #draw({ ports }: Life): string {
    return uniqueIdFromBytes(ports.random.bytes(16));
  }
}
