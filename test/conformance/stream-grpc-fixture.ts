/**
 * The real network for the stream suite: gRPC over loopback, and the machine's own time.
 */
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import { type GrpcNetworkOptions, listenerLimitsDefault } from '../../src/adapters/grpc-options.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { conformanceLimits, type StreamFixture } from './stream-stage.ts';
import { freePort } from '../e2e/node-process.ts';

/**
 * Loopback moves a window in well under a millisecond. Turns of the loop besides time, because on a busy machine
 * time passes without them, and both ends live in this process.
 */
const settleTurns = 20;
const settleTurnMs = 2;

async function settle(): Promise<void> {
  for (let turn = 0; turn < settleTurns; turn += 1) await wait(settleTurnMs);
}

export const silentLog: EventLog = { emit() {}, with: () => silentLog };

export const conformanceNetworkOptions: GrpcNetworkOptions = {
  limits: conformanceLimits,
  listenerLimits: listenerLimitsDefault,
  eventLog: silentLog,
  // Cases look at what the streams do; test/adapters/ shows that bugs are told.
  onFatal: () => {},
  listenerTls: undefined,
  channelTls: undefined,
  insecureNetworkAllowed: false,
};

export const wait = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

export async function until(what: string, condition: () => boolean, untilMsMax = 10_000): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > untilMsMax) throw new Error(`it did not come to this: ${what}`);
    await wait(1);
  }
}

export async function grpcFixture(untilMsMax = 10_000): Promise<StreamFixture> {
  const network = grpcNetwork(conformanceNetworkOptions);
  const silentPort = await freePort();
  return {
    network: () => network,
    endpoint: () => '127.0.0.1:0',
    silentEndpoint: () => `127.0.0.1:${silentPort}`,
    until: (what, condition) => until(what, condition, untilMsMax),
    settle,
    // The sender's own window, one HTTP/2 window, and what Node.js reads from a socket at once.
    transportBytesMax: 2 * conformanceLimits.windowBytes + 64 * 1024,
    close: async () => {},
  };
}
