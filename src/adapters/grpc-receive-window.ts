/**
 * Widens the receive windows of a grpc-js server, for which it has no option.
 *
 * Its sessions stay at HTTP/2's 64 KiB, which bounds a sender to 64 KiB per round trip: half a gigabyte per
 * second on loopback and a hundredth of that across a continent. Two private fields of grpc-js 1.14.7 mend it:
 * `commonServerOptions.settings` before the HTTP/2 server is made (window of each stream), and the keys of
 * `http2Servers` after it (window of each connection). Where a field is missing the server works on, slowly,
 * and the caller is told; test/adapters/grpc-receive-window.test.ts fails then.
 */
import type { Server } from '@grpc/grpc-js';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import { ok, refused, type Result } from '../base/result.ts';

export interface MissingInternal {
  readonly type: 'missing-internal';
  readonly field: string;
}

function fieldOf(owner: object, name: string): unknown {
  return (owner as Readonly<Record<string, unknown>>)[name];
}

function missing(field: string): Result<never, MissingInternal> {
  return refused({ type: 'missing-internal', field });
}

/** Before the server listens. */
export function widenStreamWindows(server: Server, windowBytes: number): Result<void, MissingInternal> {
  const options = fieldOf(server, 'commonServerOptions');
  if (typeof options !== 'object' || options === null) return missing('commonServerOptions');
  const settings = fieldOf(options, 'settings');
  if (typeof settings !== 'object' || settings === null) return missing('commonServerOptions.settings');
  Object.assign(options, { settings: { ...settings, initialWindowSize: windowBytes } });
  return ok(undefined);
}

/** After the server has its HTTP/2 server, before the first connection. */
export function watchSessions(
  server: Server,
  onSession: (session: ServerHttp2Session) => void,
): Result<void, MissingInternal> {
  const servers = fieldOf(server, 'http2Servers');
  if (!(servers instanceof Map) || servers.size === 0) return missing('http2Servers');
  for (const http2Server of servers.keys() as Iterable<Http2Server>) {
    if (typeof http2Server.on !== 'function') return missing('http2Servers.keys');
    http2Server.on('session', onSession);
  }
  return ok(undefined);
}
