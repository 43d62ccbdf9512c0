/**
 * A process of its own that answers every message on a stream with a short one, and tells its parent where it listens.
 */
import { statusOk } from '../../src/base/status.ts';
import { clientNetwork } from '../../src/cli/real-network.ts';
import type { StreamAcceptor } from '../../src/ports/stream.ts';

export const answerPath = 'bench.Stream/Answer';

const answer: StreamAcceptor = (_, stream) => ({
  onMessage(message) {
    stream.release(message.length);
    stream.send([new Uint8Array(8)]);
  },
  onCredit() {},
  onEnd: () => stream.close(statusOk),
  onClose() {},
});

if (process.send !== undefined) {
  const listener = await clientNetwork().listen({ endpoint: '127.0.0.1:0', methods: new Map([[answerPath, answer]]) });
  process.send(listener.endpoint);
}
