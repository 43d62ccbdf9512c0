import { Server } from '@grpc/grpc-js';
import { connect } from 'node:http2';
import { expect, test } from 'vitest';
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import { http2ServersOf } from '../../src/adapters/grpc-http2-servers.ts';
import { widenStreamWindows } from '../../src/adapters/grpc-receive-window.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { conformanceNetworkOptions, until } from '../conformance/stream-grpc-fixture.ts';

const windowBytes = 1_234_567;

test('a listener gives every connection and every stream the whole receive window', async () => {
  const warnings: string[] = [];
  const eventLog: EventLog = { emit: (_, sentence) => void warnings.push(sentence), with: () => eventLog };
  const limits = { ...conformanceNetworkOptions.limits, windowBytes };
  const network = grpcNetwork({ ...conformanceNetworkOptions, limits, eventLog });
  const listener = await network.listen({ endpoint: '127.0.0.1:0', methods: new Map() });
  const session = connect(`http://${listener.endpoint}`);
  await until('both windows are announced', () => {
    const { remoteWindowSize } = session.state;
    return session.remoteSettings.initialWindowSize === windowBytes && remoteWindowSize === windowBytes;
  });
  expect(session.remoteSettings.maxConcurrentStreams).toBe(
    conformanceNetworkOptions.listenerLimits.streamsPerConnectionMax,
  );
  expect(warnings).toEqual([]);
  session.destroy();
  await listener.close(0);
});

test('a server whose inside has changed is told by the field that is missing', () => {
  const gone = (fields: object): Server => Object.assign(Object.create(Server.prototype) as Server, fields);
  expect(widenStreamWindows(gone({}), windowBytes)).toMatchObject({ problem: { field: 'commonServerOptions' } });
  expect(widenStreamWindows(gone({ commonServerOptions: {} }), windowBytes)).toMatchObject({
    problem: { field: 'commonServerOptions.settings' },
  });
  expect(http2ServersOf(gone({}))).toMatchObject({ problem: { field: 'http2Servers' } });
  expect(http2ServersOf(gone({ http2Servers: new Map() }))).toMatchObject({
    problem: { field: 'http2Servers' },
  });
  expect(http2ServersOf(gone({ http2Servers: new Map([[{}, {}]]) }))).toMatchObject({
    problem: { field: 'http2Servers.keys' },
  });
});
