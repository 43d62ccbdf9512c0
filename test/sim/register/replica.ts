/**
 * The program of a replica: opens its storage, then answers clients on streams, through the generic driver.
 */
import { FaultError } from '../../../src/base/fault-error.ts';
import { Driver, driverLimitsDefault } from '../../../src/drive/driver.ts';
import type { AcceptedStream, StreamHandlers } from '../../../src/ports/stream.ts';
import type { Boot, ProcessPorts } from '../../../src/simulation/simulated-process.ts';
import { decodeMessage, encodeMessage } from './register-messages.ts';
import { ReplicaCore, type ReplicaEffect, type ReplicaEvent } from './replica-core.ts';
import { ReplicaStorage, type StorageOptions } from './replica-storage.ts';

export const replicaPort = 7000;
export const talkMethod = 'toy.Register/Talk';

export interface ReplicaOptions extends StorageOptions {
  readonly name: string;
  /** For the checkers: the replica has recovered and serves. */
  readonly onServing: (core: ReplicaCore) => void;
}

export function replicaProgram(options: ReplicaOptions): Boot {
  return async (ports) => {
    const opened = await ReplicaStorage.open(ports, options);
    if (opened === undefined) {
      ports.eventLog.emit('error', 'a damaged replica stays out of service');
      return;
    }
    const core = new ReplicaCore(opened.state, options.bug);
    const streams = new Map<number, AcceptedStream>();
    const driver = driverOf(core, { ports, storage: opened.storage, streams });
    let streamsSoFar = 0;
    await ports.network.listen({
      endpoint: `${options.name}:${replicaPort}`,
      methods: new Map([
        [
          talkMethod,
          (_, stream): StreamHandlers => {
            streamsSoFar += 1;
            const by = streamsSoFar;
            streams.set(by, stream);
            return {
              onMessage(bytes) {
                stream.release(bytes.length);
                // Refused when too much waits: the client asks again.
                driver.submit({ type: 'asked', by, message: decodeMessage(bytes) });
              },
              onCredit() {},
              onEnd() {},
              onClose: () => void streams.delete(by),
            };
          },
        ],
      ]),
    });
    options.onServing(core);
  };
}

interface ReplicaParts {
  readonly ports: ProcessPorts;
  readonly storage: ReplicaStorage;
  readonly streams: ReadonlyMap<number, AcceptedStream>;
}

function driverOf(
  machine: ReplicaCore,
  { ports, storage, streams }: ReplicaParts,
): Driver<ReplicaEvent, ReplicaEffect> {
  return new Driver<ReplicaEvent, ReplicaEffect>({
    machine,
    clock: ports.clock,
    limits: driverLimitsDefault,
    schedule: ({ type }) => (type === 'persist' ? { kind: 'lane', lane: 'disk' } : { kind: 'now' }),
    perform: (effect) => {
      if (effect.type === 'persist')
        return storage.persist(effect.state).then(() => ({ type: 'persisted', state: effect.state }));
      const stream = streams.get(effect.to);
      if (stream !== undefined && stream.creditBytes > 0) stream.send([encodeMessage(effect.message)]);
      return undefined;
    },
    onFatal: exitOnFault(ports),
  });
}

/** A fault of the world ends the process; anything else is a bug and goes where bugs go. */
export function exitOnFault(ports: ProcessPorts): (fault: unknown) => void {
  return (fault) => {
    if (!(fault instanceof FaultError)) throw fault;
    ports.exit(fault);
  };
}
