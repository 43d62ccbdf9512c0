import { expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { FaultError } from '../../src/base/fault-error.ts';
import { ok, refused } from '../../src/base/result.ts';
import { allowAll } from '../../src/api/call-hooks.ts';
import type { RequestContext } from '../../src/api/request-context.ts';
import type { Service } from '../../src/api/service-table.ts';
import {
  requestArrivalMsMax,
  requestBytesMaxDefault,
  unaryMethod,
  type UnaryAnswer,
} from '../../src/api/unary-method.ts';
import { healthRequestCodec } from '../../src/wire/health-messages.ts';
import { detailsOf, malformedBytes, testHost, TestServer } from './service-host.ts';

const path = 'odradek.test.v1.EchoService/Echo';
const hello = healthRequestCodec.encode({ service: 'hello' });

/** Answers with the text that it was asked with, unless the test says otherwise. */
function echo(
  answer: (context: RequestContext, text: string) => UnaryAnswer<{ service: string }> = (_context, text) =>
    ok({ service: text }),
): Service {
  return {
    name: 'odradek.test.v1.EchoService',
    methods: {
      Echo: unaryMethod({
        request: healthRequestCodec,
        reply: healthRequestCodec,
        answer: (context, request) => answer(context, request.service),
      }),
    },
  };
}

test('a unary call is answered with the encoded reply', async () => {
  const { status, reply } = await new TestServer([echo()]).ask(path, hello);
  expect(status.name).toBe('ok');
  expect(reply).toEqual(Buffer.from(hello));
});

test('a handler learns who calls, from where, and until when', async () => {
  const contexts: RequestContext[] = [];
  const server = new TestServer([
    echo((context, text) => {
      contexts.push(context);
      return ok({ service: text });
    }),
  ]);
  await server.ask(path, hello, {
    headers: { 'odradek-client-id': 'billing', 'odradek-rack': 'r1', 'odradek-metadata-revision': '42' },
    deadlineMs: 250,
  });
  expect(contexts[0]).toMatchObject({
    method: path,
    principal: { type: 'anonymous' },
    clientId: 'billing',
    listener: 'api',
    rack: 'r1',
    peer: '127.0.0.1:50000',
    authority: 'node.example:7081',
    deadlineAtMs: 1250,
    metadataRevision: 42,
  });
});

test('a handler sees the cancellation when the caller hangs up', () => {
  const contexts: RequestContext[] = [];
  const server = new TestServer([
    echo((context) => {
      contexts.push(context);
      return new Promise(() => {});
    }),
  ]);
  const call = server.call(path).message(hello).end();
  expect(contexts[0]?.cancelled.aborted).toBe(false);
  call.hangUp();
  expect(contexts[0]?.cancelled.aborted).toBe(true);
});

test.each([
  ['odradek-metadata-revision', '-1'],
  ['odradek-metadata-revision', '9007199254740992'],
  ['odradek-metadata-revision', 'many'],
  ['odradek-client-id', 'x'.repeat(256)],
])('the header %s with the value %s is refused by name', async (name, value) => {
  const { status } = await new TestServer([echo()]).ask(path, hello, { headers: { [name]: value } });
  expect(status.name).toBe('invalid-argument');
  expect(status.message).toContain(name);
  expect(detailsOf(status).metadata).toEqual({ header: name });
});

test('malformed bytes are refused with what was wrong and never reach the handler', async () => {
  let reached = false;
  const server = new TestServer([
    echo((_context, text) => {
      reached = true;
      return ok({ service: text });
    }),
  ]);
  const { status } = await server.ask(path, malformedBytes);
  expect(status.name).toBe('invalid-argument');
  expect(status.message).toContain(path);
  const details = detailsOf(status);
  expect(details.reason).toBe('INVALID_REQUEST');
  expect(details.violations[0]?.description).toContain('out of range');
  expect(reached).toBe(false);
});

test('a refusal carries the reason, its facts, and when to try again', async () => {
  const problem = {
    error: 'node-starting',
    message: 'voter 1 reads its log; retry soon',
    metadata: { voter: '1' },
    retryAfterMs: 1250,
  } as const;
  const { status } = await new TestServer([echo(() => refused(problem))]).ask(path, hello);
  expect(status.name).toBe('unavailable');
  expect(detailsOf(status)).toEqual({
    statusCode: 14,
    message: problem.message,
    reason: 'NODE_STARTING',
    metadata: { voter: '1' },
    retryAfterMs: 1250,
    violations: [],
  });
});

test('a fault of the node ends the call as internal, is logged, and stops nothing', async () => {
  const server = new TestServer([
    echo(() => {
      throw new FaultError('the disk is gone', {});
    }),
  ]);
  const { status } = await server.ask(path, hello);
  expect(detailsOf(status).reason).toBe('INTERNAL');
  expect(status.message).not.toContain('disk');
  expect(server.host.eventLog.events).toEqual([{ level: 'error', sentence: 'a call met a fault' }]);
  expect(server.host.bugs).toEqual([]);
});

test('a broken invariant in a handler reaches the host', async () => {
  const server = new TestServer([
    echo((_context, text) => {
      assert(text === '', 'this handler is never asked for anything');
      return ok({ service: text });
    }),
  ]);
  const { status } = await server.ask(path, hello);
  expect(status.name).toBe('internal');
  expect(server.host.bugs).toHaveLength(1);
});

test('the authorize hook refuses before the request is read', async () => {
  const denied = refused({ error: 'invalid-request', message: 'not for you; ask somebody else' } as const);
  const server = new TestServer([echo()], testHost({ hooks: { ...allowAll, authorize: () => denied } }));
  const { status } = await server.ask(path, malformedBytes);
  expect(status.message).toBe('not for you; ask somebody else');
});

test('the quota hook sees the size of the request', async () => {
  const sizes: number[] = [];
  const hooks = {
    ...allowAll,
    admit: (_context: RequestContext, requestBytes: number) => {
      sizes.push(requestBytes);
      return ok(undefined);
    },
  };
  await new TestServer([echo()], testHost({ hooks })).ask(path, hello);
  expect(sizes).toEqual([hello.length]);
});

test('the quota hook refuses a stream at its first message, and the method is told of the end', async () => {
  const heard: string[] = [];
  const streaming: Service = {
    name: 'odradek.test.v1.StreamService',
    methods: {
      Talk: () => ({
        onMessage: () => void heard.push('message'),
        onCredit() {},
        onEnd: () => void heard.push('end'),
        onClose: ({ name }) => void heard.push(name),
      }),
    },
  };
  const full = refused({ error: 'limit-reached', message: 'your quota is used up; wait' } as const);
  const server = new TestServer([streaming], testHost({ hooks: { ...allowAll, admit: () => full } }));
  const call = server.call('odradek.test.v1.StreamService/Talk').message(hello).message(hello).end();
  expect((await call.closed()).message).toBe('your quota is used up; wait');
  expect(heard).toEqual(['resource-exhausted']);
  expect(call.releasedBytes).toBe(2 * hello.length);
});

test('a method that throws at its first sight of a call takes no room from the next one', () => {
  const broken: Service = {
    name: 'odradek.test.v1.BrokenService',
    methods: {
      Break: () => {
        throw new FaultError('this method does not start', {});
      },
    },
  };
  const server = new TestServer([broken, echo()], testHost({ callsOpenMax: 1 }));
  expect(() => server.call('odradek.test.v1.BrokenService/Break')).toThrow(FaultError);
  expect(server.call(path).status).toBeUndefined();
});

test('calls beyond the limit are refused until an open one ends', async () => {
  const server = new TestServer([echo(() => new Promise(() => {}))], testHost({ callsOpenMax: 2 }));
  const first = server.call(path).message(hello).end();
  server.call(path);

  const third = server.call(path);
  const status = await third.closed();
  expect(status.name).toBe('resource-exhausted');
  expect(detailsOf(status).metadata).toEqual({ limit: 'callsOpenMax', value: '2' });
  expect(detailsOf(status).retryAfterMs).toBe(100);

  first.hangUp();
  expect(server.call(path).status).toBeUndefined();
});

test('a request larger than its method takes is refused when it arrives, not kept until it is complete', async () => {
  const server = new TestServer([echo()]);
  const call = server.call(path).message(healthRequestCodec.encode({ service: 'x'.repeat(requestBytesMaxDefault) }));
  const status = await call.closed();
  expect(status.name).toBe('invalid-argument');
  expect(detailsOf(status).metadata).toEqual({ limit: 'requestBytesMax', value: String(requestBytesMaxDefault) });
});

test('a request that never completes is given up after its limit', async () => {
  const server = new TestServer([echo()]);
  const call = server.call(path).message(hello);
  server.host.clock.advance(requestArrivalMsMax - 1);
  expect(call.status).toBeUndefined();
  server.host.clock.advance(1);
  expect((await call.closed()).name).toBe('deadline-exceeded');
});

test('a complete call leaves no timer behind', async () => {
  const server = new TestServer([echo()]);
  await server.ask(path, hello);
  expect(server.host.clock.waitingCount).toBe(0);
});
