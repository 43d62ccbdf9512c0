import { expect, test } from 'vitest';
import { findHostAndPort, formatEndpoint, hostAndPort, isDialable, isLoopback } from '../../src/base/endpoint.ts';
import { FaultError } from '../../src/base/fault-error.ts';

test('an endpoint is parsed into host and port, and written back the same', () => {
  for (const [endpoint, host, port] of [
    ['127.0.0.1:7091', '127.0.0.1', 7091],
    ['broker-1.example:0', 'broker-1.example', 0],
    ['[::1]:65535', '::1', 65_535],
  ] as const) {
    expect(hostAndPort(endpoint)).toEqual({ host, port });
    expect(formatEndpoint({ host, port })).toBe(endpoint);
  }
});

test('what is no endpoint is refused with a fault that shows it', () => {
  for (const endpoint of [
    '',
    'host',
    ':1',
    'host:',
    'host:65536',
    'host:-1',
    'a b:1',
    '::1:5',
    'http://host:1',
    'host:1/x',
    'user@host:1',
    'h\nost:1',
  ]) {
    expect(findHostAndPort(endpoint), endpoint).toBeUndefined();
    expect(() => hostAndPort(endpoint), endpoint).toThrow(FaultError);
  }
});

test('only loopback addresses count as this machine', () => {
  for (const host of ['localhost', '127.0.0.1', '127.8.9.10', '::1'])
    expect(isLoopback({ host, port: 1 }), host).toBe(true);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', 'localhost.example', '1127.0.0.1'])
    expect(isLoopback({ host, port: 1 }), host).toBe(false);
});

test('an endpoint whose port is to be picked can be listened at and not be dialled', () => {
  expect([isDialable('127.0.0.1:0'), isDialable('127.0.0.1:1'), isDialable('127.0.0.1')]).toEqual([false, true, false]);
});
