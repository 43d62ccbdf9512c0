/**
 * The gRPC network as commands use it: plaintext, the limits of the API, and nothing logged, because a command's
 * own error says it better.
 */
import { grpcNetwork } from '../adapters/grpc-network.ts';
import { listenerLimitsDefault } from '../adapters/grpc-options.ts';
import type { EventLog } from '../ports/event-log.ts';
import { streamLimitsDefault, type Network } from '../ports/stream.ts';

const silentLog: EventLog = {
  emit() {},
  with: () => silentLog,
};

export function clientNetwork(): Network {
  return grpcNetwork({
    limits: streamLimitsDefault,
    listenerLimits: listenerLimitsDefault,
    eventLog: silentLog,
    onFatal: throwOutside,
    listenerTls: undefined,
    channelTls: undefined,
    insecureNetworkAllowed: false,
  });
}

/** Out of whatever called, so that nothing but main.ts catches it. */
export function throwOutside(bug: unknown): void {
  queueMicrotask(() => {
    throw bug;
  });
}
