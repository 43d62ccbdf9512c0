/**
 * A process of its own that listens as a node does, for callers that try to end it. Its parent may ask what it holds.
 *
 * Run by hostile-callers.test.ts, with --expose-gc.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import { listenerLimitsDefault } from '../../src/adapters/grpc-options.ts';
import { NodeClock } from '../../src/adapters/node-clock.ts';
import { allowAll } from '../../src/api/call-hooks.ts';
import { HealthBoard } from '../../src/api/health-board.ts';
import { healthService } from '../../src/api/health-service.ts';
import { serviceTable } from '../../src/api/service-table.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { streamLimitsDefault, type StreamAcceptor } from '../../src/ports/stream.ts';

/** What the parent hears. */
export type TargetReport =
  | { readonly type: 'listening'; readonly endpoint: string }
  | {
      readonly type: 'holding';
      readonly residentBytes: number;
      readonly openStreams: number;
      readonly errors: readonly string[];
    };

const errors: string[] = [];
const eventLog: EventLog = {
  emit(level, sentence) {
    if (level === 'error') errors.push(sentence);
  },
  with: () => eventLog,
};
const die = (bug: unknown): never => {
  throw bug;
};

let openStreams = 0;

/** Counts what is open, so that a stream which nobody closes shows. */
function counted(acceptor: StreamAcceptor): StreamAcceptor {
  return (incoming, stream) => {
    openStreams += 1;
    const handlers = acceptor(incoming, stream);
    return {
      onMessage: (message) => handlers.onMessage(message),
      onCredit: () => handlers.onCredit(),
      onEnd: () => handlers.onEnd(),
      onClose(status) {
        openStreams -= 1;
        handlers.onClose(status);
      },
    };
  };
}

/** Sends whatever it has credit for, for ever: the big answer of a slow reader. */
const flood: StreamAcceptor = (_, stream) => {
  const piece = new Uint8Array(64 * 1024);
  const sendMore = (): void => {
    while (stream.creditBytes > 0) stream.send([piece]);
  };
  setImmediate(sendMore);
  return { onMessage: (message) => stream.release(message.length), onCredit: sendMore, onEnd() {}, onClose() {} };
};

async function settledReport(): Promise<TargetReport> {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await delay(50);
  }
  return {
    type: 'holding',
    residentBytes: process.memoryUsage().rss,
    openStreams,
    errors,
  };
}

const network = grpcNetwork({
  limits: streamLimitsDefault,
  // Patience in seconds, so that the test sees it end.
  listenerLimits: { ...listenerLimitsDefault, handshakeMsMax: 2500, connectionIdleMsMax: 1500 },
  eventLog,
  onFatal: die,
  listenerTls: undefined,
  channelTls: undefined,
  insecureNetworkAllowed: false,
});
const board = new HealthBoard([]);
board.setAll('serving');
const host = { clock: new NodeClock(), eventLog, hooks: allowAll, listener: 'api', onBug: die, callsOpenMax: 4096 };
const methods = new Map<string, StreamAcceptor>([
  ...serviceTable([healthService(board)], host),
  ['test.Flood/Flood', flood],
]);
for (const [method, acceptor] of methods) methods.set(method, counted(acceptor));
const listener = await network.listen({ endpoint: '127.0.0.1:0', methods });

const report = (message: TargetReport): void => void process.send?.(message);
process.on('message', () => void settledReport().then(report));
process.once('disconnect', () => process.exit());
report({ type: 'listening', endpoint: listener.endpoint });
