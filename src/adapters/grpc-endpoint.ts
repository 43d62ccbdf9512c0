/**
 * Endpoints, written host:port or [v6]:port, and which of them stay on this machine.
 */
import { FaultError } from '../base/fault-error.ts';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export function parseEndpoint(endpoint: string): HostAndPort {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^\s:/[\]]+)):(?<port>\d{1,5})$/.exec(endpoint);
  const host = match?.groups?.['v6'] ?? match?.groups?.['name'];
  const port = Number(match?.groups?.['port']);
  if (host === undefined || !(port <= 65_535))
    throw new FaultError('an endpoint is written host:port, with a port from 0 to 65535', { endpoint });
  return { host, port };
}

export function formatEndpoint({ host, port }: HostAndPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Only what cannot be anything else: a name that resolves to loopback today may resolve elsewhere tomorrow. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
