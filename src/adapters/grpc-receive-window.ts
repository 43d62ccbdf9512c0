/**
 * Widens the receive windows of a grpc-js server, for which it has no option.
 *
 * Its sessions stay at HTTP/2's 64 KiB, which bounds a sender to 64 KiB per round trip: half a gigabyte per
 * second on loopback and a hundredth of that across a continent. The window of each stream is set through the
 * private field `commonServerOptions.settings` of grpc-js 1.14.7, that of each connection on its session.
 * test/adapters/grpc-receive-window.test.ts fails when the field goes away.
 */
import type { Server } from '@grpc/grpc-js';
import type { ServerHttp2Session } from 'node:http2';
import { ok, type Result } from '../base/result.ts';
import { internalField, missingInternal, type MissingInternal } from './grpc-http2-servers.ts';

/** Before the server has an HTTP/2 server. */
export function widenStreamWindows(server: Server, windowBytes: number): Result<void, MissingInternal> {
  const options = internalField(server, 'commonServerOptions');
  if (typeof options !== 'object' || options === null) return missingInternal('commonServerOptions');
  const settings = internalField(options, 'settings');
  if (typeof settings !== 'object' || settings === null) return missingInternal('commonServerOptions.settings');
  Object.assign(options, { settings: { ...settings, initialWindowSize: windowBytes } });
  return ok(undefined);
}

export function widenConnectionWindow(session: ServerHttp2Session, windowBytes: number): void {
  session.setLocalWindowSize(windowBytes);
}
