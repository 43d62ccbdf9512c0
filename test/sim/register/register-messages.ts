/**
 * What clients and replicas of the toy register say to each other, and how it looks as bytes.
 *
 *   0      1          5          6            10          16        20
 *   +------+----------+----------+------------+-----------+---------+
 *   | kind | request  | register | tag number | writer    | value   |
 *   +------+----------+----------+------------+-----------+---------+
 */
import { assert } from '../../../src/base/assert.ts';

/** Orders the versions of a register: by number, then by writer. */
export interface Tag {
  readonly number: number;
  /** Drawn anew in every life of a client: a writer that forgot what it sent must not reuse a tag. */
  readonly writer: number;
}

export interface Version {
  readonly tag: Tag;
  readonly value: number;
}

export interface Message {
  readonly kind: 'query' | 'store' | 'version' | 'stored';
  readonly request: number;
  readonly register: number;
  /** Of a query: the first version. */
  readonly version: Version;
}

export const firstVersion: Version = { tag: { number: 0, writer: 0 }, value: 0 };
export const writerBelow = 2 ** 48;

const kinds = ['query', 'store', 'version', 'stored'] as const;
const messageBytes = 20;
export const versionBytes = 14;

export function isNewer(candidate: Version, than: Version): boolean {
  const { tag } = candidate;
  return tag.number > than.tag.number || (tag.number === than.tag.number && tag.writer > than.tag.writer);
}

export function newest(versions: Iterable<Version>): Version {
  let best = firstVersion;
  for (const version of versions) if (isNewer(version, best)) best = version;
  return best;
}

export function encodeMessage({ kind, request, register, version }: Message): Uint8Array {
  const bytes = new Uint8Array(messageBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kinds.indexOf(kind));
  view.setUint32(1, request);
  view.setUint8(5, register);
  putVersion(view, 6, version);
  return bytes;
}

export function decodeMessage(bytes: Uint8Array): Message {
  assert(bytes.length === messageBytes, 'a stream delivers whole messages', { length: bytes.length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = kinds[view.getUint8(0)];
  assert(kind !== undefined, 'a stream delivers the bytes that were sent');
  return { kind, request: view.getUint32(1), register: view.getUint8(5), version: takeVersion(view, 6) };
}

export function putVersion(view: DataView, at: number, { tag, value }: Version): void {
  view.setUint32(at, tag.number);
  view.setUint16(at + 4, Math.floor(tag.writer / 2 ** 32));
  view.setUint32(at + 6, tag.writer % 2 ** 32);
  view.setUint32(at + 10, value);
}

export function takeVersion(view: DataView, at: number): Version {
  const writer = view.getUint16(at + 4) * 2 ** 32 + view.getUint32(at + 6);
  return { tag: { number: view.getUint32(at), writer }, value: view.getUint32(at + 10) };
}
