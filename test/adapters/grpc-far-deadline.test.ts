import { connect } from 'node:http2';
import { expect, test } from 'vitest';
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import { statusOk } from '../../src/base/status.ts';
import { conformanceNetworkOptions } from '../conformance/stream-grpc-fixture.ts';

test.each([
  ['2592000S', undefined],
  ['99999999H', undefined],
  ['35792M', undefined],
  ['5000m', 5000],
])('a call with the timeout %s is answered, and its handler learns the deadline %s', async (timeout, deadlineMsMax) => {
  const deadlinesMs: (number | undefined)[] = [];
  const listener = await grpcNetwork(conformanceNetworkOptions).listen({
    endpoint: '127.0.0.1:0',
    methods: new Map([
      [
        'test.Stream/Talk',
        ({ deadlineMs }, stream) => {
          deadlinesMs.push(deadlineMs);
          stream.close(statusOk);
          return { onMessage() {}, onCredit() {}, onEnd() {}, onClose() {} };
        },
      ],
    ]),
  });
  const session = connect(`http://${listener.endpoint}`);
  const request = session.request({
    ':method': 'POST',
    ':path': '/test.Stream/Talk',
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': timeout,
  });
  request.resume();
  const status = await new Promise((resolve) => {
    for (const event of ['response', 'trailers'])
      request.on(event, (headers: Record<string, unknown>) => {
        if (headers['grpc-status'] !== undefined) resolve(headers['grpc-status']);
      });
  });
  session.destroy();
  await listener.close(0);
  expect(status).toBe('0');
  expect(deadlinesMs).toHaveLength(1);
  if (deadlineMsMax === undefined) expect(deadlinesMs[0]).toBeUndefined();
  else expect(deadlinesMs[0]).toBeLessThanOrEqual(deadlineMsMax);
});
