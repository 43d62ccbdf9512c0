/**
 * The file `meta` of a storage directory: whose it is. A few lines of text that people can read.
 *
 *   odradek-directory 1
 *   node 2
 *   directory 3f0c…             32 hex digits, drawn once
 *   cluster 77ab…               `cluster unknown` until the node has joined one
 *   stores raft log             what has been created below the directory, by name; `stores` alone when nothing
 *   crc32c 0badcafe             over every byte above
 *
 * Only the one canonical spelling is accepted: whatever does not read and write back to the same bytes is
 * damaged. Every later format keeps the first and the last line, so that an older release can tell "newer" from
 * "damaged".
 */
import {
  clusterIdFromOutside,
  directoryIdFromOutside,
  nodeIdFromOutside,
  type ClusterId,
  type DirectoryId,
  type NodeId,
} from '../base/ids.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { crc32c } from '../record/crc32c.ts';

export interface DirectoryMeta {
  readonly nodeId: NodeId;
  readonly directoryId: DirectoryId;
  readonly clusterId: ClusterId | undefined;
  readonly stores: readonly string[];
}

export type MetaProblem =
  | { readonly type: 'newer-format'; readonly found: number; readonly known: number }
  | { readonly type: 'damaged'; readonly what: string };

export const directoryFormat = 1;
/** A larger file is not ours, and is not read whole. */
export const metaBytesMax = 4096;
const trailerBytes = 'crc32c 00000000\n'.length;

export function encodeMeta(meta: DirectoryMeta): Uint8Array {
  const body = [
    `odradek-directory ${directoryFormat}`,
    `node ${meta.nodeId}`,
    `directory ${meta.directoryId}`,
    `cluster ${meta.clusterId ?? 'unknown'}`,
    ['stores', ...meta.stores].join(' '),
    '',
  ].join('\n');
  const encoder = new TextEncoder();
  return encoder.encode(body + trailerFor(encoder.encode(body)));
}

export function decodeMeta(bytes: Uint8Array): Result<DirectoryMeta, MetaProblem> {
  const bodyEnd = Math.max(0, bytes.length - trailerBytes);
  const decoder = new TextDecoder();
  const body = decoder.decode(bytes.subarray(0, bodyEnd));
  if (decoder.decode(bytes.subarray(bodyEnd)) !== trailerFor(bytes.subarray(0, bodyEnd)))
    return damaged('its checksum does not match its lines');
  const lines = body.split('\n');
  const format = Number(fieldOf(lines, 'odradek-directory'));
  if (!Number.isSafeInteger(format)) return damaged('its first line is not that of a storage directory');
  if (format > directoryFormat) return refused({ type: 'newer-format', found: format, known: directoryFormat });
  const meta = metaFromLines(lines);
  if (meta === undefined) return damaged('a line is missing or holds an impossible value');
  const canonical = new TextDecoder().decode(encodeMeta(meta).subarray(0, bodyEnd));
  return canonical === body ? ok(meta) : damaged('it is not written the way this software writes it');
}

function metaFromLines(lines: readonly string[]): DirectoryMeta | undefined {
  const nodeId = nodeIdFromOutside(Number(fieldOf(lines, 'node')));
  const directoryId = directoryIdFromOutside(fieldOf(lines, 'directory') ?? '');
  const cluster = fieldOf(lines, 'cluster') ?? '';
  const clusterId = cluster === 'unknown' ? ok(undefined) : clusterIdFromOutside(cluster);
  const stores = lines.find((line) => line === 'stores' || line.startsWith('stores '));
  if (!nodeId.ok || !directoryId.ok || !clusterId.ok || stores === undefined) return undefined;
  return {
    nodeId: nodeId.value,
    directoryId: directoryId.value,
    clusterId: clusterId.value,
    stores: stores.split(' ').slice(1),
  };
}

function fieldOf(lines: readonly string[], name: string): string | undefined {
  return lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
}

function trailerFor(body: Uint8Array): string {
  return `crc32c ${crc32c(body).toString(16).padStart(8, '0')}\n`;
}

function damaged(what: string): ReturnType<typeof refused<MetaProblem>> {
  return refused({ type: 'damaged', what });
}
