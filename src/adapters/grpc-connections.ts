/**
 * The connections of one listener: accepted here, counted, and cut when they do not behave.
 *
 * grpc-js would accept them itself, without a limit on their number or on how long they may take to say hello.
 */
import type { Http2Session } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { formatEndpoint, type HostAndPort } from '../base/endpoint.ts';
import { FaultError } from '../base/fault-error.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ListenerLimits } from './grpc-options.ts';

export interface ConnectionsOptions {
  readonly limits: ListenerLimits;
  readonly eventLog: EventLog;
  readonly onConnection: (socket: Socket) => void;
}

interface Connection {
  readonly socket: Socket;
  readonly handshakeTimer: NodeJS.Timeout;
  /** Caller's HTTP/2 settings have arrived. */
  greeted: boolean;
  openStreams: number;
  /** Since when there has been no stream. */
  idleSinceMs: number;
}

const refusalReportMs = 60_000;

/** How long a connection that was asked to go, because it is idle, may take to go. */
const farewellMsMax = 2000;

export class GrpcConnections {
  readonly #options: ConnectionsOptions;
  readonly #connections = new Map<string, Connection>();
  readonly #server: Server;
  #onEmpty: (() => void) | undefined;
  #refusalReportedAtMs = -Infinity;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = options.limits.connectionsMax;
    this.#server.on('drop', () => this.#reportRefusal());
  }

  /** Resolves to the endpoint with the port that was picked. */
  listen({ host, port }: HostAndPort): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(new FaultError('cannot listen at the endpoint', { endpoint: formatEndpoint({ host, port }) }, error));
      });
      this.#server.listen({ host, port }, () => {
        const address = this.#server.address();
        const picked = typeof address === 'object' && address !== null ? address.port : port;
        resolve(formatEndpoint({ host, port: picked }));
      });
    });
  }

  /** A session's settings arrived: its connection speaks HTTP/2. */
  greeted(session: Http2Session): void {
    const { remoteAddress, remotePort } = session.socket;
    const connection = this.#connections.get(keyOf(remoteAddress, remotePort));
    if (connection === undefined) return;
    connection.greeted = true;
    clearTimeout(connection.handshakeTimer);
  }

  streamOpened(peer: string): void {
    const connection = this.#connections.get(peer);
    if (connection !== undefined) connection.openStreams += 1;
  }

  streamGone(peer: string): void {
    const connection = this.#connections.get(peer);
    if (connection === undefined) return;
    connection.openStreams -= 1;
    if (connection.openStreams === 0) connection.idleSinceMs = performance.now();
  }

  stopAccepting(): void {
    this.#server.close();
    for (const { socket, greeted } of this.#connections.values()) if (!greeted) socket.destroy();
  }

  cutAll(): void {
    for (const { socket } of this.#connections.values()) socket.destroy();
  }

  /** Once, after `stopAccepting`. */
  untilEmpty(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#connections.size === 0) resolve();
      else this.#onEmpty = resolve;
    });
  }

  #accept(socket: Socket): void {
    const key = keyOf(socket.remoteAddress, socket.remotePort);
    const handshakeTimer = setTimeout(() => socket.destroy(), this.#options.limits.handshakeMsMax).unref();
    this.#connections.set(key, {
      socket,
      handshakeTimer,
      greeted: false,
      openStreams: 0,
      idleSinceMs: performance.now(),
    });
    // Whatever happens to it, its close follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(handshakeTimer);
      this.#connections.delete(key);
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
    this.#options.onConnection(socket);
  }

  /**
   * grpc-js asks idle connections to go, and they do once they have no streams. But headers that began and never
   * end count as a stream to HTTP/2, so whoever sends them slowly could stay for ever.
   */
  cutIdle(): void {
    const idleBeforeMs = performance.now() - this.#options.limits.connectionIdleMsMax - farewellMsMax;
    for (const { socket, openStreams, idleSinceMs } of this.#connections.values())
      if (openStreams === 0 && idleSinceMs < idleBeforeMs) socket.destroy();
  }

  #reportRefusal(): void {
    if (performance.now() - this.#refusalReportedAtMs < refusalReportMs) return;
    this.#refusalReportedAtMs = performance.now();
    const { connectionsMax } = this.#options.limits;
    this.#options.eventLog.emit('warn', 'refusing connections: the limit is reached', { connectionsMax });
  }
}

/** Written as grpc-js writes a call's peer. */
function keyOf(address: string | undefined, port: number | undefined): string {
  return `${address}:${port}`;
}
