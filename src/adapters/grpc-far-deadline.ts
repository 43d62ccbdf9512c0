/**
 * Takes a deadline that is weeks away for none, on both sides.
 *
 * Timers hold 31 bits of milliseconds, 24 days. grpc-js cuts a longer timeout of a caller down to its lowest 32
 * bits, half of which are below zero: a call that would wait for 30 days is then late before it begins.
 */
import type { Http2Server, IncomingHttpHeaders } from 'node:http2';

export const deadlineMsMax = 2 ** 31 - 1;

const timeoutHeader = 'grpc-timeout';
const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000 };

export function forgetFarDeadlines(http2Server: Http2Server): void {
  // Before grpc-js' own listener, which is called with the same headers.
  http2Server.prependListener('stream', (_stream: unknown, headers: IncomingHttpHeaders) => {
    const [, digits = '', unit = ''] = /^(\d{1,8})([HMS])$/.exec(String(headers[timeoutHeader])) ?? [];
    if (Number(digits) * (unitsMs[unit] ?? 0) > deadlineMsMax) delete headers[timeoutHeader];
  });
}
