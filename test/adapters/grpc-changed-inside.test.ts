/**
 * grpc-js as it might be after a change of its private fields: without them, everything works, slowly and with a word.
 */
import type * as GrpcJs from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import { ok } from '../../src/base/result.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { acceptUnary, callUnary } from '../../src/ports/unary.ts';
import { conformanceNetworkOptions } from '../conformance/stream-grpc-fixture.ts';
import { patterned, sameBytes } from '../conformance/stream-stage.ts';

vi.mock('@grpc/grpc-js', async (importOriginal) => {
  const real = await importOriginal<typeof GrpcJs>();
  class ChangedServer extends real.Server {
    constructor(...options: ConstructorParameters<typeof real.Server>) {
      super(...options);
      // The private settings have moved away.
      const { commonServerOptions } = this as unknown as { commonServerOptions: { settings?: unknown } };
      delete commonServerOptions.settings;
    }
  }
  return { ...real, Server: ChangedServer };
});

test('a listener warns about missing internals of grpc-js and serves all the same', async () => {
  const warnings: unknown[] = [];
  const eventLog: EventLog = {
    emit: (level, sentence, facts) => void warnings.push([level, sentence, facts]),
    with: () => eventLog,
  };
  const network = grpcNetwork({ ...conformanceNetworkOptions, eventLog });
  const echo = acceptUnary(
    async (_, request) => ok([request]),
    () => {},
  );
  const listener = await network.listen({ endpoint: '127.0.0.1:0', methods: new Map([['test.Echo/Echo', echo]]) });
  expect(warnings).toEqual([
    [
      'warn',
      'grpc-js changed inside: streams work, but slowly and with fewer limits',
      { missing: 'commonServerOptions.settings' },
    ],
  ]);
  const channel = network.channel(listener.endpoint);
  const options = { deadlineMs: 5000, headers: {} };
  const reply = await callUnary(channel, { method: 'test.Echo/Echo', request: [patterned(300_000, 1)], options });
  expect(reply.ok && sameBytes([reply.value], [patterned(300_000, 1)])).toBe(true);
  channel.close();
  await listener.close(0);
});
