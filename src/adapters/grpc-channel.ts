/**
 * A way to one endpoint on a grpc-js channel of its own.
 *
 * Opening never throws: what cannot be opened closes, a turn later, with the status that says why.
 * Read next: grpc-opened-stream.ts.
 */
import { Channel as GrpcClientChannel, type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { hostAndPort } from '../base/endpoint.ts';
import { assert } from '../base/assert.ts';
import { statusOf, type Status } from '../base/status.ts';
import type { Channel, OpenedStream, StreamHandlers, StreamOptions } from '../ports/stream.ts';
import { deadlineMsMax } from './grpc-far-deadline.ts';
import { HandlerFaults } from './grpc-faults.ts';
import { GrpcOpenedStream } from './grpc-opened-stream.ts';
import { channelOptions, type ChannelTls, type GrpcNetworkOptions } from './grpc-options.ts';
import { askForLateStatus } from './grpc-status.ts';

export class GrpcChannel implements Channel {
  readonly endpoint: string;
  readonly #options: GrpcNetworkOptions;
  readonly #faults: HandlerFaults;
  readonly #streams = new Set<GrpcOpenedStream>();
  #channel: GrpcClientChannel | undefined;
  #closed = false;

  constructor(endpoint: string, options: GrpcNetworkOptions) {
    this.endpoint = endpoint;
    this.#options = options;
    this.#faults = new HandlerFaults(options);
  }

  open(method: string, options: StreamOptions, handlers: StreamHandlers): OpenedStream {
    if (this.#closed) return this.#refuse(statusOf('unavailable', 'this channel was closed'), method, handlers);
    const metadata = metadataOf(options.headers);
    let call;
    try {
      // Late: an endpoint that nobody can parse fails the streams, not whoever keeps a list of channels.
      this.#channel ??= connect(this.endpoint, this.#options);
      call = this.#channel.createCall(`/${method}`, deadlineOf(options), this.endpoint, null, undefined);
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : String(fault);
      return this.#refuse(
        statusOf('unavailable', `cannot open a channel to ${this.endpoint}: ${why}`),
        method,
        handlers,
      );
    }
    const stream: GrpcOpenedStream = new GrpcOpenedStream({
      method,
      call,
      handlers,
      limits: this.#options.limits,
      faults: this.#faults,
      onGone: () => this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    stream.start(metadata);
    return stream;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of this.#streams) stream.cancel(statusOf('cancelled', 'the channel was closed'));
    this.#channel?.close();
  }

  #refuse(status: Status, method: string, handlers: StreamHandlers): OpenedStream {
    process.nextTick(() => {
      try {
        handlers.onClose(status);
      } catch (fault) {
        this.#faults.handlerThrew(fault, { method, peer: this.endpoint });
      }
    });
    return refusedStream;
  }
}

const refusedStream: OpenedStream = { creditBytes: 0, send() {}, release() {}, end() {}, reset() {} };

function connect(endpoint: string, options: GrpcNetworkOptions): GrpcClientChannel {
  // Without it grpc-js would look a misspelt address up, for as long as calls are made.
  hostAndPort(endpoint);
  return new GrpcClientChannel(`dns:${endpoint}`, channelCredentials(options.channelTls), channelOptions(options));
}

function channelCredentials(tls: ChannelTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { ca, identity } = tls;
  const pem = (bytes: Uint8Array | undefined): Buffer | null => (bytes === undefined ? null : Buffer.from(bytes));
  return credentials.createSsl(pem(ca), pem(identity?.key), pem(identity?.cert));
}

function deadlineOf({ deadlineMs }: StreamOptions): number {
  return deadlineMs === undefined || deadlineMs > deadlineMsMax ? Infinity : Date.now() + deadlineMs;
}

function metadataOf(headers: StreamOptions['headers']): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) {
    assert(/^[a-z][a-z0-9_.-]*$/.test(name) && !name.endsWith('-bin'), 'header names are lower-case words', { name });
    assert(/^[\x20-\x7e]*$/.test(value), 'header values are printable ASCII', { name });
    metadata.set(name, value);
  }
  askForLateStatus(metadata);
  return metadata;
}
