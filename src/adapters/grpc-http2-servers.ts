/**
 * The HTTP/2 below a grpc-js server, which it keeps in private fields.
 *
 * Read against grpc-js 1.14.7: the keys of a server's `http2Servers` are Node's servers, the `stream` of a call is
 * Node's stream. Without them a listener works, with small windows and fewer limits, and says so;
 * test/adapters/grpc-receive-window.test.ts fails then.
 */
import type { Server } from '@grpc/grpc-js';
import type { Http2Server, ServerHttp2Stream } from 'node:http2';
import { ok, refused, type Result } from '../base/result.ts';

export interface MissingInternal {
  readonly type: 'missing-internal';
  readonly field: string;
}

export function missingInternal(field: string): Result<never, MissingInternal> {
  return refused({ type: 'missing-internal', field });
}

export function internalField(owner: object, name: string): unknown {
  return (owner as Readonly<Record<string, unknown>>)[name];
}

/** After the server was given a connection injector or an address. */
export function http2ServersOf(server: Server): Result<readonly Http2Server[], MissingInternal> {
  const servers = internalField(server, 'http2Servers');
  if (!(servers instanceof Map) || servers.size === 0) return missingInternal('http2Servers');
  const keys = [...servers.keys()] as readonly Http2Server[];
  return keys.every((key) => typeof internalField(key, 'prependListener') === 'function')
    ? ok(keys)
    : missingInternal('http2Servers.keys');
}

export function http2StreamOf(call: object): Result<ServerHttp2Stream, MissingInternal> {
  const stream = internalField(call, 'stream');
  const isStream =
    typeof stream === 'object' && stream !== null && typeof internalField(stream, 'close') === 'function';
  return isStream ? ok(stream as ServerHttp2Stream) : missingInternal('stream');
}
