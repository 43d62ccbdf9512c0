/**
 * A small raft store on the real disk and the real LevelDB, as a set of files to be damaged one bit at a time.
 *
 * It has lived three lives, so that LevelDB has tables, a manifest and a log with content in it, and it holds a
 * snapshot, a compacted and a truncated log. The last process did not end in order.
 */
import { promises as fs } from 'node:fs';
import { join, relative } from 'node:path';
import { clusterId, nodeId, voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { LevelKeyValueStores } from '../../src/adapters/level-key-value-stores.ts';
import { NodeDisk } from '../../src/adapters/node-disk.ts';
import type { Random } from '../../src/ports/random.ts';
import { StorageDirectory } from '../../src/storage/directory-identity.ts';
import { describeDirectoryProblem } from '../../src/storage/directory-problem.ts';
import { RaftStore } from '../../src/storage/raft-store.ts';
import {
  applyToView,
  asBytes,
  emptyView,
  fingerprintOf,
  performOnStore,
  placeIn,
  viewOf,
  type ModelOperation,
  type StoreView,
} from '../storage/raft-store-model.ts';

export interface TemplateFile {
  readonly path: string;
  readonly bytes: Buffer;
}

export interface BitFlipTemplate {
  readonly files: readonly TemplateFile[];
  /** Of what the store holds. */
  readonly fingerprint: string;
}

export type OpenOutcome =
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'opened'; readonly recovery: string; readonly fingerprint: string };

const folder = 'node';
const fixedRandom: Random = {
  integerBelow: () => 0,
  bytes: (length) => new Uint8Array(length).fill(0x5a),
};

function persist(parts: { term?: number; truncateFrom?: number; first: number; count: number }): ModelOperation {
  const entryTerm = term(parts.term ?? 1);
  return {
    type: 'persist',
    hardState: parts.term === undefined ? undefined : { term: entryTerm, votedFor: voterId(2) },
    truncateFrom: parts.truncateFrom === undefined ? undefined : logIndex(parts.truncateFrom),
    entries: Array.from({ length: parts.count }, (_, at) => ({
      index: logIndex(parts.first + at),
      term: entryTerm,
      payload: asBytes(`entry ${parts.first + at} of term ${entryTerm}`),
    })),
  };
}

/** By life. Each knows the view before it, for the place of the snapshot. */
const lives: readonly (readonly ((view: StoreView) => ModelOperation)[])[] = [
  [
    () => persist({ term: 1, first: 1, count: 3 }),
    () => persist({ first: 4, count: 1 }),
    (view) => ({
      type: 'snapshot',
      snapshot: { place: placeIn(view, logIndex(2)), context: 'three voters', content: asBytes('state after two') },
    }),
  ],
  [() => ({ type: 'compact', upTo: logIndex(1) }), () => persist({ first: 5, count: 2 })],
  [
    () => persist({ term: 2, truncateFrom: 6, first: 6, count: 1 }),
    () => persist({ term: 3, first: 7, count: 0 }),
    () => persist({ term: 3, first: 7, count: 2 }),
  ],
];

/** Makes the files below `root`, reads them, and leaves the folder to the caller. */
export async function makeTemplate(root: string): Promise<BitFlipTemplate> {
  let view = emptyView;
  let files: readonly TemplateFile[] = [];
  for (const life of lives) {
    const { store, directory } = await openReal(root);
    for (const operationFor of life) {
      const operation = operationFor(view);
      await performOnStore(store, operation);
      view = applyToView(view, operation);
    }
    // Read while the store is open: what a killed process leaves.
    files = await readFiles(root, root);
    await store.close();
    await directory.close();
  }
  return { files, fingerprint: fingerprintOf(view) };
}

async function readFiles(root: string, below: string): Promise<readonly TemplateFile[]> {
  const found: TemplateFile[] = [];
  for (const entry of await fs.readdir(below, { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) found.push(...(await readFiles(root, path)));
    else if (entry.isFile()) found.push({ path: relative(root, path), bytes: await fs.readFile(path) });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Puts the files below `root`, with one bit of one of them flipped. */
export async function layOut(
  root: string,
  template: BitFlipTemplate,
  flip: { readonly path: string; readonly bit: number } | undefined,
): Promise<void> {
  await fs.rm(root, { recursive: true, force: true });
  await fs.mkdir(join(root, folder, 'raft', 'level'), { recursive: true });
  await fs.mkdir(join(root, folder, 'raft', 'snapshots'));
  for (const { path, bytes } of template.files) {
    const content = flip?.path === path ? withFlippedBit(bytes, flip.bit) : bytes;
    await fs.writeFile(join(root, path), content);
  }
}

function withFlippedBit(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return flipped;
}

/** What a voter that starts from these files is told. */
export async function tryOpen(root: string): Promise<OpenOutcome> {
  const opened = await openOrRefuse(root);
  if ('message' in opened) return { type: 'refused', message: opened.message };
  const { store, directory } = opened;
  try {
    // What is read later is refused later: also a refusal with a message.
    const view = await viewOf(store);
    return { type: 'opened', recovery: store.takeContent().recovery, fingerprint: fingerprintOf(view) };
  } catch (fault) {
    return { type: 'refused', message: String(fault) };
  } finally {
    await store.close();
    await directory.close();
  }
}

interface RealStore {
  readonly store: RaftStore;
  readonly directory: StorageDirectory;
}

async function openReal(root: string): Promise<RealStore> {
  const opened = await openOrRefuse(root);
  if ('message' in opened) throw new Error(opened.message);
  return opened;
}

async function openOrRefuse(root: string): Promise<RealStore | { readonly message: string }> {
  const disk = new NodeDisk(root);
  const stores = new LevelKeyValueStores(root);
  const identity = { nodeId: nodeId(1), clusterId: clusterId('ab'.repeat(16)) };
  const directory = await StorageDirectory.open({ disk, folder, random: fixedRandom, ...identity });
  if (!directory.ok) return { message: describeDirectoryProblem(folder, directory.problem) };
  const store = await RaftStore.open({ disk, stores, directory: directory.value, recentBytesMax: 1000 });
  if (store.ok) return { store: store.value, directory: directory.value };
  await directory.value.close();
  return { message: `${store.problem.what}. ${store.problem.remedy}` };
}
