/**
 * A listener on a grpc-js server: own sockets in (grpc-connections.ts), accepted streams out.
 *
 * Beyond loopback it wants TLS or the one loud setting.
 * Read next: grpc-accepted-stream.ts, grpc-receive-window.ts.
 */
import { type ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js';
import { hostAndPort, isLoopback, type HostAndPort } from '../base/endpoint.ts';
import { FaultError } from '../base/fault-error.ts';
import type { Result } from '../base/result.ts';
import { statusOf } from '../base/status.ts';
import type { Listener, ListenOptions } from '../ports/stream.ts';
import { GrpcAcceptedStream } from './grpc-accepted-stream.ts';
import { GrpcConnections } from './grpc-connections.ts';
import { HandlerFaults } from './grpc-faults.ts';
import { http2ServersOf, type MissingInternal } from './grpc-http2-servers.ts';
import { type GrpcNetworkOptions, httpWindowBytes, type ListenerTls, serverOptions } from './grpc-options.ts';
import { ReceiveBudget } from './grpc-receive-budget.ts';
import { widenConnectionWindow, widenStreamWindows } from './grpc-receive-window.ts';
import { forgetFarDeadlines } from './grpc-far-deadline.ts';
import { refuseCompression } from './grpc-refuse-compression.ts';

export async function listenGrpc(options: GrpcNetworkOptions, { endpoint, methods }: ListenOptions): Promise<Listener> {
  refuseOpenNetwork(hostAndPort(endpoint), options);
  const listener = new GrpcListener(options, methods);
  await listener.listen(endpoint);
  return listener;
}

function refuseOpenNetwork(
  address: HostAndPort,
  { listenerTls, insecureNetworkAllowed, eventLog }: GrpcNetworkOptions,
): void {
  const { host } = address;
  if (listenerTls !== undefined || isLoopback(address)) return;
  if (!insecureNetworkAllowed)
    throw new FaultError(
      'refusing to listen beyond this machine without TLS: configure a certificate, or allow the insecure network',
      { host },
    );
  eventLog.emit('warn', 'listening beyond this machine without TLS: anyone who reaches the port can do anything', {
    host,
  });
}

const sweepMs = 500;

class GrpcListener implements Listener {
  #endpoint = '';
  readonly #options: GrpcNetworkOptions;
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  readonly #connections: GrpcConnections;
  readonly #streams = new Set<GrpcAcceptedStream>();
  #sweepTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: GrpcNetworkOptions, methods: ListenOptions['methods']) {
    this.#options = options;
    this.#server = this.#makeServer(methods);
    this.#expectInternal(widenStreamWindows(this.#server, httpWindowBytes(options.limits)));
    this.#injector = this.#server.createConnectionInjector(serverCredentials(options.listenerTls));
    this.#connections = new GrpcConnections({
      limits: options.listenerLimits,
      eventLog: options.eventLog,
      onConnection: (socket) => this.#injector.injectConnection(socket),
    });
    this.#tendHttp2Servers();
  }

  get endpoint(): string {
    return this.#endpoint;
  }

  async listen(endpoint: string): Promise<void> {
    this.#endpoint = await this.#connections.listen(hostAndPort(endpoint));
    this.#sweepTimer = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    clearInterval(this.#sweepTimer);
    this.#connections.stopAccepting();
    // Every session says goodbye, finishes its streams and closes its connection.
    this.#injector.destroy();
    const graceTimer = setTimeout(() => {
      for (const stream of this.#streams) stream.abandon(statusOf('unavailable', 'this node stopped listening'));
      this.#connections.cutAll();
    }, graceMs);
    await this.#connections.untilEmpty();
    clearTimeout(graceTimer);
    this.#server.forceShutdown();
  }

  /** One timer for all that dawdle, instead of one for each. */
  #sweep(): void {
    this.#connections.cutIdle();
    const nowMs = performance.now();
    for (const stream of this.#streams) stream.endIfOwed(nowMs);
  }

  /** What grpc-js has no option for, on the servers inside it. */
  #tendHttp2Servers(): void {
    const inside = http2ServersOf(this.#server);
    this.#expectInternal(inside);
    for (const http2Server of inside.ok ? inside.value : []) {
      refuseCompression(http2Server);
      forgetFarDeadlines(http2Server);
      http2Server.on('session', (session) => {
        widenConnectionWindow(session, httpWindowBytes(this.#options.limits));
        session.once('remoteSettings', () => this.#connections.greeted(session));
      });
    }
  }

  #makeServer(methods: ListenOptions['methods']): Server {
    const faults = new HandlerFaults(this.#options);
    const budget = new ReceiveBudget(this.#options.listenerLimits);
    const server = new Server({
      ...serverOptions(this.#options),
      interceptors: [
        ({ path }, call) => {
          const method = path.slice(1);
          const acceptor = methods.get(method);
          if (acceptor === undefined) throw new FaultError('grpc-js serves registered methods only', { method });
          return new GrpcAcceptedStream({
            method,
            call,
            acceptor,
            limits: this.#options.limits,
            faults,
            listenerLimits: this.#options.listenerLimits,
            budget,
            onOpen: (stream) => {
              this.#streams.add(stream);
              this.#connections.streamOpened(stream.peer);
            },
            onGone: (stream) => {
              if (this.#streams.delete(stream)) this.#connections.streamGone(stream.peer);
            },
          });
        },
      ],
    });
    for (const method of methods.keys())
      server.register<Buffer, Buffer>(`/${method}`, () => {}, passThrough, passThrough, 'bidi');
    return server;
  }

  #expectInternal(outcome: Result<unknown, MissingInternal>): void {
    if (outcome.ok) return;
    this.#options.eventLog.emit('warn', 'grpc-js changed inside: streams work, but slowly and with fewer limits', {
      missing: outcome.problem.field,
    });
  }
}

function passThrough(message: Buffer): Buffer {
  return message;
}

function serverCredentials(tls: ListenerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pem = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  const clientCa = tls.clientCa === undefined ? null : pem(tls.clientCa);
  return ServerCredentials.createSsl(
    clientCa,
    [{ private_key: pem(tls.key), cert_chain: pem(tls.cert) }],
    clientCa !== null,
  );
}
