/**
 * The simulated network as one incarnation of a process sees it: channels to dial and ports to listen on.
 *
 * A machine has the name of its process, so n2:7081 is a port of the process n2; loopback names mean the own one.
 * Read next: simulated-network.ts.
 */
import { formatEndpoint, hostAndPort, portMax } from '../base/endpoint.ts';
import { FaultError } from '../base/fault-error.ts';
import { statusOf } from '../base/status.ts';
import type {
  Channel,
  Listener,
  ListenOptions,
  Network,
  OpenedStream,
  StreamHandlers,
  StreamOptions,
} from '../ports/stream.ts';
import type { Incarnation } from './incarnation.ts';
import type { ListeningPort, SimulatedNetwork } from './simulated-network.ts';
import type { StreamSide } from './simulated-stream.ts';

const loopbackNames = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::']);
const firstPickedPort = 32_768;

/** What the dead are given: nothing happens on it. */
const voidStream: OpenedStream = { creditBytes: 0, send() {}, release() {}, end() {}, reset() {} };
/** What is left of the turn in which a process died goes by what it always finds: a stream that opens has room. */
const deadStream: OpenedStream = { ...voidStream, creditBytes: 1 };

export class SimulatedNetworkPort implements Network {
  readonly #network: SimulatedNetwork;
  readonly #incarnation: Incarnation;

  constructor(network: SimulatedNetwork, incarnation: Incarnation) {
    this.#network = network;
    this.#incarnation = incarnation;
  }

  channel(endpoint: string): Channel {
    return new SimulatedChannel(this.#network, this.#incarnation, endpoint);
  }

  listen({ endpoint, methods }: ListenOptions): Promise<Listener> {
    const incarnation = this.#incarnation;
    if (!incarnation.mayAct('listen')) return new Promise(() => {});
    const { host, port: wanted } = hostAndPort(endpoint);
    const ports = this.#network.portsOf(incarnation);
    if (!loopbackNames.has(host) && host !== incarnation.processName)
      return Promise.reject(new FaultError('a process listens on its own machine only', { endpoint }));
    const port = wanted === 0 ? freePort(ports) : wanted;
    if (port > portMax || ports.has(port))
      return Promise.reject(new FaultError('somebody listens on that port already', { endpoint }));
    const listener = new SimulatedListener(incarnation, formatEndpoint({ host, port }), () => ports.delete(port));
    ports.set(port, { incarnation, methods, open: listener.open, onStreamOver: () => listener.onStreamOver() });
    return Promise.resolve(listener);
  }
}

class SimulatedChannel implements Channel {
  readonly endpoint: string;
  readonly #network: SimulatedNetwork;
  readonly #incarnation: Incarnation;
  readonly #open = new Set<StreamSide>();
  readonly #machine: string;
  readonly #port: number;
  #isClosed = false;

  constructor(network: SimulatedNetwork, incarnation: Incarnation, endpoint: string) {
    const { host, port } = hostAndPort(endpoint);
    this.endpoint = endpoint;
    this.#network = network;
    this.#incarnation = incarnation;
    this.#machine = loopbackNames.has(host) ? incarnation.processName : host;
    this.#port = port;
  }

  open(method: string, { deadlineMs, headers }: StreamOptions, handlers: StreamHandlers): OpenedStream {
    const incarnation = this.#incarnation;
    if (!incarnation.mayAct('open a stream')) return deadStream;
    if (this.#isClosed) {
      const status = statusOf('unavailable', 'the channel is closed');
      incarnation.world.scheduler.soon(() => incarnation.enter(() => handlers.onClose(status)));
      return voidStream;
    }
    const incoming = {
      method,
      headers: { ...headers },
      peer: `${incarnation.processName}:${firstPickedPort}`,
      authority: this.endpoint,
      deadlineMs,
    };
    const side = this.#network.connect(
      {
        incarnation,
        machine: this.#machine,
        port: this.#port,
        incoming,
        onOver: (over) => this.#open.delete(over),
      },
      handlers,
    );
    if (!side.isOver) this.#open.add(side);
    return side;
  }

  close(): void {
    this.#isClosed = true;
    for (const side of this.#open) side.reset();
  }
}

class SimulatedListener implements Listener {
  readonly endpoint: string;
  readonly open: ListeningPort['open'] = new Set();
  readonly #incarnation: Incarnation;
  readonly #free: () => void;
  #onDrained: (() => void)[] = [];
  #isClosing = false;

  constructor(incarnation: Incarnation, endpoint: string, free: () => void) {
    this.#incarnation = incarnation;
    this.endpoint = endpoint;
    this.#free = free;
  }

  close(graceMs: number): Promise<void> {
    const incarnation = this.#incarnation;
    if (!incarnation.mayAct('close a listener')) return new Promise(() => {});
    if (!this.#isClosing) this.#free();
    this.#isClosing = true;
    if (this.open.size === 0) return Promise.resolve();
    incarnation.world.scheduler.after(graceMs, () => {
      incarnation.enter(() => {
        const status = statusOf('unavailable', 'the process is stopping');
        for (const side of this.open) side.breakOff(status, status);
      });
    });
    return new Promise((resolve) => {
      this.#onDrained.push(resolve);
    });
  }

  onStreamOver(): void {
    if (this.open.size > 0) return;
    // After the handlers of the last stream have heard their onClose.
    const incarnation = this.#incarnation;
    for (const drained of this.#onDrained.splice(0)) incarnation.world.scheduler.soon(() => incarnation.enter(drained));
  }
}

function freePort(taken: ReadonlyMap<number, unknown>): number {
  let port = firstPickedPort;
  while (taken.has(port)) port += 1;
  return port;
}
