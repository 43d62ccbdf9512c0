/**
 * What a gRPC network is made with, and every limit that grpc-js leaves unlimited unless it is told.
 */
import type { ChannelOptions, ServerOptions } from '@grpc/grpc-js';
import type { InvariantError } from '../base/assert.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { StreamLimits } from '../ports/stream.ts';

/** PEM files' contents. */
export interface ListenerTls {
  readonly key: Uint8Array;
  readonly cert: Uint8Array;
  /** When given, callers must show a certificate that it signed. */
  readonly clientCa: Uint8Array | undefined;
}

export interface ChannelTls {
  /** Who signs the certificates of listeners; undefined: the roots that Node.js trusts. */
  readonly ca: Uint8Array | undefined;
  /** Shown to listeners that ask for one. */
  readonly identity: { readonly key: Uint8Array; readonly cert: Uint8Array } | undefined;
}

/** What strangers may cost a listener. */
export interface ListenerLimits {
  readonly connectionsMax: number;
  readonly streamsPerConnectionMax: number;
  /** From the connection to the caller's first HTTP/2 settings. */
  readonly handshakeMsMax: number;
  /** A connection without streams is closed after that long. */
  readonly connectionIdleMsMax: number;
  /** From a stream's close until the caller has taken everything; then the stream is reset. */
  readonly closeFlushMsMax: number;
  /** From a message's first bytes to its last, while the handler wants it. */
  readonly messageMsMax: number;
  /** Bytes that have arrived on one connection and not yet reached a handler. */
  readonly connectionBytesMax: number;
  /** The same on all connections together. */
  readonly listenerBytesMax: number;
  /** A connection that is silent that long is asked for a sign of life, and cut without one. */
  readonly keepaliveMs: number;
}

export const listenerLimitsDefault: ListenerLimits = {
  connectionsMax: 4096,
  streamsPerConnectionMax: 1024,
  handshakeMsMax: 10_000,
  connectionIdleMsMax: 600_000,
  closeFlushMsMax: 30_000,
  messageMsMax: 60_000,
  connectionBytesMax: 64 * 1024 * 1024,
  listenerBytesMax: 512 * 1024 * 1024,
  keepaliveMs: 30_000,
};

export interface GrpcNetworkOptions {
  readonly limits: StreamLimits;
  readonly listenerLimits: ListenerLimits;
  readonly eventLog: EventLog;
  /** Told of a broken invariant in a handler: the process is to log it and stop. */
  readonly onFatal: (bug: InvariantError) => void;
  /** Undefined: no encryption, which is refused beyond loopback. */
  readonly listenerTls: ListenerTls | undefined;
  readonly channelTls: ChannelTls | undefined;
  /** The one loud setting: listens beyond loopback without TLS. */
  readonly insecureNetworkAllowed: boolean;
}

const keepaliveAnswerMsMax = 10_000;
const channelKeepaliveMs = 10_000;

/** HTTP/2 knows no window below its own default. */
const httpWindowBytesMin = 65_535;

export function httpWindowBytes(limits: StreamLimits): number {
  return Math.max(limits.windowBytes, httpWindowBytesMin);
}

export function serverOptions({ limits, listenerLimits }: GrpcNetworkOptions): ServerOptions {
  return {
    'grpc.max_receive_message_length': limits.messageBytesMax,
    'grpc.max_concurrent_streams': listenerLimits.streamsPerConnectionMax,
    'grpc.max_connection_idle_ms': listenerLimits.connectionIdleMsMax,
    'grpc.keepalive_time_ms': listenerLimits.keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveAnswerMsMax,
    'grpc.enable_channelz': 0,
  };
}

export function channelOptions({ limits }: GrpcNetworkOptions): ChannelOptions {
  return {
    'grpc.max_receive_message_length': limits.messageBytesMax,
    'grpc-node.flow_control_window': httpWindowBytes(limits),
    // A connection of its own: bulk on one channel never delays another.
    'grpc.use_local_subchannel_pool': 1,
    // Peers restart within a second; waiting longer than that for them only makes an outage longer.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.keepalive_time_ms': channelKeepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveAnswerMsMax,
    // grpc-js answers a write at once for as long as its retry buffer has room, which is not when it was written:
    // without retries and buffer, a written message is one that left.
    'grpc.enable_retries': 0,
    'grpc.per_rpc_retry_buffer_size': 0,
    'grpc.service_config_disable_resolution': 1,
    // An http_proxy in the environment must not come between brokers.
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
  };
}
