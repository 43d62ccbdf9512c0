/**
 * Endpoints, written host:port or [v6]:port, as people, settings and peers name them; and which of them stay on this
 * machine. One rule for all who read one: what a setting lets through, a listener must be able to open.
 */
import { FaultError } from './fault-error.ts';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export const portMax = 65_535;

/** Undefined for what is no endpoint. Port 0 is one: a listener then picks a free port. */
export function findHostAndPort(endpoint: string): HostAndPort | undefined {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^\s:/@[\]]+)):(?<port>\d{1,5})$/.exec(endpoint);
  const host = match?.groups?.['v6'] ?? match?.groups?.['name'];
  const port = Number(match?.groups?.['port']);
  return host === undefined || !(port <= portMax) ? undefined : { host, port };
}

/** For those that were checked where they came in. */
export function hostAndPort(endpoint: string): HostAndPort {
  const found = findHostAndPort(endpoint);
  if (found === undefined)
    throw new FaultError('an endpoint is written host:port, with a port from 0 to 65535', { endpoint });
  return found;
}

/** Somebody can be reached there: the port is not left to be picked. */
export function isDialable(endpoint: string): boolean {
  return (findHostAndPort(endpoint)?.port ?? 0) > 0;
}

export function formatEndpoint({ host, port }: HostAndPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A listener there is on all addresses of its machine. */
export function isEveryAddress({ host }: HostAndPort): boolean {
  return host === '0.0.0.0' || /^[0:]*:[0:]*$/.test(host);
}

/** Only what cannot be anything else: a name that resolves to loopback today may resolve elsewhere tomorrow. */
export function isLoopback({ host }: HostAndPort): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
