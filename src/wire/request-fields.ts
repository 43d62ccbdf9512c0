/**
 * Fields that many requests have, read the same way everywhere: consistency, pages, request ids, configs, text.
 *
 * Everything here ends in a value or in the name of the field that no value can hold.
 */
import { positionFromOutside } from '../base/brand.ts';
import { logIndexFromOutside, type LogIndex } from '../base/raft-position.ts';
import type { ConfigChange } from '../metadata/metadata-command.ts';
import { must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';

interface ConfigSetting {
  readonly name: string;
  readonly value: string;
}

export type ConsistencyName = 'linearizable' | 'local';

const { Consistency } = odradek.v1;

const consistencies = enumNames<ConsistencyName>({
  linearizable: Consistency.CONSISTENCY_LINEARIZABLE,
  local: Consistency.CONSISTENCY_LOCAL,
});

export function consistencyToWire(consistency: ConsistencyName): odradek.v1.Consistency {
  return consistencies.toWire(consistency);
}

export function consistencyFromWire(wire: odradek.v1.Consistency): ConsistencyName {
  return wire === Consistency.CONSISTENCY_UNSPECIFIED ? 'linearizable' : consistencies.fromWire('consistency', wire);
}

/** One page of a list. */
export interface PageRequest {
  /** Undefined: whatever the service thinks is right. */
  readonly size: number | undefined;
  /** What the page before ended with; empty: from the first row on. */
  readonly token: string;
}

export const pageSizeDefault = 100;
export const pageSizeMax = 1000;

interface WirePage {
  readonly pageSize: number;
  readonly pageToken: string;
}

export function pageToWire({ size, token }: PageRequest): WirePage {
  return { pageSize: size ?? 0, pageToken: token };
}

export function pageFromWire({ pageSize, pageToken }: WirePage): PageRequest {
  if (pageSize < 0) return unreadable('page_size', pageSize, 'a number of rows');
  if (pageToken !== '' && findRowOf(pageToken) === undefined)
    return unreadable('page_token', pageToken, 'a token that a page ended with');
  return { size: pageSize === 0 ? undefined : pageSize, token: pageToken };
}

/** What every list asks. */
export interface ListRequest {
  readonly page: PageRequest;
  readonly consistency: ConsistencyName;
}

/** Opaque to callers, so that what it says can change; the first letter is its version. `key` is the last row's. */
export function pageTokenOf(key: string): string {
  return `a${Buffer.from(key).toString('base64url')}`;
}

/** The key of the last row before the page; undefined for what is no token. */
export function findRowOf(pageToken: string): string | undefined {
  const key = Buffer.from(pageToken.slice(1), 'base64url').toString();
  // Only what was made here reads back as itself.
  return pageTokenOf(key) === pageToken ? key : undefined;
}

/** Undefined: the caller leaves it to the node. */
export function requestIdFromWire(requestId: string): string | undefined {
  if (requestId === '') return undefined;
  return /^[A-Za-z0-9-]{1,64}$/.test(requestId)
    ? requestId
    : unreadable('request_id', requestId, 'up to 64 letters, digits and dashes');
}

/** In the order of their names, so that the same request is the same command. */
export function configsFromWire(
  field: string,
  configs: Readonly<Record<string, string>> | null | undefined,
): ConfigSetting[] {
  const settings = Object.entries(configs ?? {});
  for (const [name, value] of settings) {
    textFrom(field, name);
    textFrom(`${field}[${name}]`, value);
  }
  return settings.sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, value]) => ({ name, value }));
}

interface WireConfigChanges {
  readonly setConfigs: Readonly<Record<string, string>>;
  readonly resetConfigs: readonly string[];
}

export function configChangesToWire(changes: readonly ConfigChange[]): {
  setConfigs: Record<string, string>;
  resetConfigs: string[];
} {
  const set = changes.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  const reset = changes.filter(({ value }) => value === undefined);
  return { setConfigs: Object.fromEntries(set), resetConfigs: reset.map(({ name }) => name) };
}

export function configChangesFromWire({ setConfigs, resetConfigs }: WireConfigChanges): readonly ConfigChange[] {
  const set = configsFromWire('set_configs', setConfigs);
  const reset = namesFromWire('reset_configs', resetConfigs);
  const both = reset.find((name) => set.some((each) => each.name === name));
  if (both !== undefined) return unreadable('reset_configs', both, 'a config that is not set as well');
  return [...set, ...reset.map((name) => ({ name, value: undefined }))];
}

/** Names that occur twice are once too many: the caller did not mean that. */
export function namesFromWire(field: string, names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  for (const name of names) {
    textFrom(field, name);
    if (seen.has(name)) return unreadable(field, name, 'there only once');
    seen.add(name);
  }
  return names;
}

/** Text that a terminal can show: no control characters. */
export function textFrom(field: string, text: string): string {
  return /\p{Cc}/u.test(text) ? unreadable(field, text, 'text without control characters') : text;
}

/** For optional fields, which read as undefined or null when they were not sent. */
export function optionalFrom<Wire, Value>(
  wire: Wire | null | undefined,
  read: (wire: Wire) => Value,
): Value | undefined {
  return wire === undefined || wire === null ? undefined : read(wire);
}

export function count(field: string, wire: number | null | undefined): number {
  return must(field, positionFromOutside<number>('count', wire ?? 0));
}

export function revisionFrom({ metadataRevision }: { readonly metadataRevision: number }): LogIndex {
  return must('metadata_revision', logIndexFromOutside(metadataRevision));
}

interface EnumNames<Name extends string> {
  toWire(name: Name): number;
  /** A number that this release does not know is no value. */
  fromWire(field: string, wire: number | null | undefined): Name;
}

export function enumNames<Name extends string>(numbers: Readonly<Record<Name, number>>): EnumNames<Name> {
  const names = new Map(Object.entries<number>(numbers).map(([name, number]) => [number, name as Name]));
  return {
    toWire: (name) => numbers[name],
    fromWire: (field, wire) =>
      names.get(wire ?? 0) ?? unreadable(field, wire ?? 0, `one of ${[...names.values()].join(', ')}`),
  };
}
