/**
 * A storage directory: claimed by one process, belonging to one node of one cluster, with an identity of its own
 * that a wiped disk does not keep.
 *
 * The identity is drawn at the first start and is durable before anybody hears of it. `stores` tells a directory
 * in which a store was never made from one that lost it: a store is listed only once it is complete, so a listed
 * one that is missing is damage and an unlisted one is an unfinished first start.
 * Formats: directory-meta.ts. Refusals: directory-problem.ts.
 */
import { assert } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import { directoryId, uniqueIdFromBytes, type ClusterId, type DirectoryId, type NodeId } from '../base/ids.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { DiskError, type Disk } from '../ports/disk.ts';
import type { Random } from '../ports/random.ts';
import { decodeMeta, encodeMeta, metaBytesMax, type DirectoryMeta } from './directory-meta.ts';
import type { DirectoryProblem } from './directory-problem.ts';

export interface DirectoryOptions {
  readonly disk: Disk;
  /** Made with its parents when it is not there. */
  readonly folder: string;
  readonly random: Random;
  readonly nodeId: NodeId;
  /** Undefined while the node does not know its cluster: any is accepted. */
  readonly clusterId: ClusterId | undefined;
}

const metaName = 'meta';
const partialName = 'meta.partial';
/** What an interrupted first start, or the making of a file system, may leave in a directory that holds nothing. */
const harmlessNames: readonly string[] = [partialName, 'lost+found'];

export class StorageDirectory {
  readonly folder: string;
  readonly #disk: Disk;
  readonly #release: () => Promise<void>;
  #meta: DirectoryMeta;
  #failure: FaultError | undefined;

  private constructor(options: DirectoryOptions, meta: DirectoryMeta, release: () => Promise<void>) {
    this.folder = options.folder;
    this.#disk = options.disk;
    this.#meta = meta;
    this.#release = release;
  }

  static async open(options: DirectoryOptions): Promise<Result<StorageDirectory, DirectoryProblem>> {
    const release = await claim(options);
    if (release === undefined) return refused({ type: 'in-use' });
    try {
      const meta = await findOrDrawMeta(options);
      if (meta.ok) return ok(new StorageDirectory(options, meta.value, release));
      await release();
      return meta;
    } catch (cause) {
      await release();
      throw cause;
    }
  }

  get nodeId(): NodeId {
    return this.#meta.nodeId;
  }

  get directoryId(): DirectoryId {
    return this.#meta.directoryId;
  }

  get clusterId(): ClusterId | undefined {
    return this.#meta.clusterId;
  }

  hasStore(name: string): boolean {
    return this.#meta.stores.includes(name);
  }

  /** From here on the store must be found complete at every start. */
  async addStore(name: string): Promise<void> {
    assert(/^[a-z-]{1,32}$/.test(name), 'a store has a short plain name', { name });
    assert(!this.hasStore(name), 'a store is created once', { name });
    await this.#replaceMeta({ ...this.#meta, stores: [...this.#meta.stores, name] });
  }

  /** Binds the directory to the cluster for good. */
  async joinCluster(clusterId: ClusterId): Promise<Result<void, DirectoryProblem>> {
    const found = this.#meta.clusterId;
    if (found === clusterId) return ok(undefined);
    if (found !== undefined) return refused({ type: 'other-cluster', found, wanted: clusterId });
    await this.#replaceMeta({ ...this.#meta, clusterId });
    return ok(undefined);
  }

  /** Whatever is stored below is closed by now. */
  async close(): Promise<void> {
    await this.#release();
  }

  async #replaceMeta(meta: DirectoryMeta): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await writeMeta(this.#disk, this.folder, meta);
      this.#meta = meta;
    } catch (cause) {
      this.#failure = new FaultError('the storage directory failed to record its identity', { cause: metaName }, cause);
      throw this.#failure;
    }
  }
}

async function claim({ disk, folder }: DirectoryOptions): Promise<(() => Promise<void>) | undefined> {
  await disk.makeFolder(folder);
  try {
    return await disk.lockFolder(folder);
  } catch (cause) {
    if (cause instanceof DiskError && cause.problem === 'locked') return undefined;
    throw cause;
  }
}

async function findOrDrawMeta(options: DirectoryOptions): Promise<Result<DirectoryMeta, DirectoryProblem>> {
  const { disk, folder, nodeId, clusterId, random } = options;
  const names = await disk.list(folder);
  if (names.includes(metaName)) return checkedMeta(options, await readMeta(disk, folder));
  const strangers = names.filter((name) => !harmlessNames.includes(name));
  if (strangers.length > 0) return refused({ type: 'not-ours', names: strangers.slice(0, 5) });
  const meta = { nodeId, directoryId: directoryId(uniqueIdFromBytes(random.bytes(16))), clusterId, stores: [] };
  await syncParents(disk, folder);
  await writeMeta(disk, folder, meta);
  return ok(meta);
}

async function checkedMeta(
  { disk, folder, nodeId, clusterId }: DirectoryOptions,
  bytes: Uint8Array,
): Promise<Result<DirectoryMeta, DirectoryProblem>> {
  const meta = decodeMeta(bytes);
  if (!meta.ok) return meta;
  const found = meta.value;
  if (found.nodeId !== nodeId) return refused({ type: 'other-node', found: found.nodeId, wanted: nodeId });
  if (clusterId === undefined || found.clusterId === clusterId) return ok(found);
  if (found.clusterId !== undefined)
    return refused({ type: 'other-cluster', found: found.clusterId, wanted: clusterId });
  const joined = { ...found, clusterId };
  await writeMeta(disk, folder, joined);
  return ok(joined);
}

async function readMeta(disk: Disk, folder: string): Promise<Uint8Array> {
  const file = await disk.openFile(`${folder}/${metaName}`, 'existing');
  try {
    return await file.read(0, metaBytesMax + 1);
  } finally {
    await file.close();
  }
}

/** Old or new after a power cut, never a mixture: the name moves only to bytes that are durable. */
async function writeMeta(disk: Disk, folder: string, meta: DirectoryMeta): Promise<void> {
  const partial = `${folder}/${partialName}`;
  const file = await disk.openFile(partial, 'create-or-existing');
  try {
    await file.truncate(0);
    await file.write(0, [encodeMeta(meta)]);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(partial, `${folder}/${metaName}`);
  await disk.syncFolder(folder);
}

/** A folder lasts only when every folder above it has been told to remember the name. */
async function syncParents(disk: Disk, folder: string): Promise<void> {
  const names = folder.split('/');
  for (let depth = names.length - 1; depth >= 0; depth -= 1) await disk.syncFolder(names.slice(0, depth).join('/'));
}
