/**
 * The program of a client: one long stream to each replica, opened again after a pause whenever it closes.
 */
import { Driver, driverLimitsDefault } from '../../../src/drive/driver.ts';
import type { Channel, OpenedStream } from '../../../src/ports/stream.ts';
import type { ProcessPorts } from '../../../src/simulation/simulated-process.ts';
import { ClientCore, type ClientEffect, type ClientEvent, type Operation } from './client-core.ts';
import { decodeMessage, encodeMessage, writerBelow } from './register-messages.ts';
import { exitOnFault, replicaPort, talkMethod } from './replica.ts';
import type { ToyBug } from './toy-bug.ts';

export interface RegisterClientOptions {
  readonly replicaNames: readonly string[];
  readonly bug: ToyBug | undefined;
  readonly onComplete: (operation: Operation, value: number) => void;
}

const tickMs = 100;
const reopenMsMax = 60;

/** One life of a client. */
export class RegisterClient {
  readonly #core: ClientCore;
  readonly #driver: Driver<ClientEvent, ClientEffect>;
  readonly #ports: ProcessPorts;
  readonly #channels: readonly Channel[];
  readonly #streams: (OpenedStream | undefined)[] = [];
  readonly #onComplete: RegisterClientOptions['onComplete'];

  constructor(ports: ProcessPorts, { replicaNames, bug, onComplete }: RegisterClientOptions) {
    this.#ports = ports;
    this.#onComplete = onComplete;
    const writer = bug === 'reuses its writer id after a restart' ? 1 : ports.random.integerBelow(writerBelow);
    this.#core = new ClientCore({ replicas: replicaNames.length, writer, bug });
    this.#channels = replicaNames.map((name) => ports.network.channel(`${name}:${replicaPort}`));
    this.#driver = new Driver<ClientEvent, ClientEffect>({
      machine: this.#core,
      clock: ports.clock,
      limits: driverLimitsDefault,
      schedule: () => ({ kind: 'now' }),
      perform: (effect) => this.#perform(effect),
      onFatal: exitOnFault(ports),
    });
    for (const replica of replicaNames.keys()) this.#open(replica);
    this.#tick();
  }

  get isIdle(): boolean {
    return this.#core.isIdle;
  }

  invoke(operation: Operation): void {
    this.#driver.submit({ type: 'invoked', operation });
  }

  #perform(effect: ClientEffect): undefined {
    switch (effect.type) {
      case 'ask': {
        const stream = this.#streams[effect.replica];
        // Without a stream or credit the message is dropped; a tick asks again.
        if (stream !== undefined && stream.creditBytes > 0) stream.send([encodeMessage(effect.message)]);
        return undefined;
      }
      case 'reconnect':
        this.#streams[effect.replica]?.reset();
        return undefined;
      case 'complete':
        this.#onComplete(effect.operation, effect.value);
        return undefined;
    }
  }

  #open(replica: number): void {
    const { clock, random } = this.#ports;
    const stream = this.#channels[replica]?.open(
      talkMethod,
      { deadlineMs: undefined, headers: {} },
      {
        onMessage: (bytes) => {
          stream?.release(bytes.length);
          this.#driver.submit({ type: 'answered', by: replica, message: decodeMessage(bytes) });
        },
        onCredit() {},
        onEnd() {},
        onClose: () => {
          this.#streams[replica] = undefined;
          clock.callAfterMs(1 + random.integerBelow(reopenMsMax), () => this.#open(replica));
        },
      },
    );
    this.#streams[replica] = stream;
  }

  #tick(): void {
    this.#ports.clock.callAfterMs(tickMs, () => {
      if (!this.isIdle) this.#driver.submit({ type: 'tick' });
      this.#tick();
    });
  }
}
