/**
 * The real disk as the disk suite needs it: in a temporary folder, with a power that can be cut.
 *
 * Between NodeDisk and the system stand functions that remember what was synced. Cutting the power copies exactly
 * that into a fresh folder: of a file its bytes at the last fdatasync, of a folder its names at the last fsync.
 */
import { constants, promises as fs } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { nodeDiskFunctions, type DiskFunctions } from '../../src/adapters/node-disk-functions.ts';
import { NodeDisk } from '../../src/adapters/node-disk.ts';
import type { DiskFixture } from './disk-stage.ts';

class RecordedFile {
  durable: Uint8Array = new Uint8Array(0);
}
class RecordedFolder {
  entries = new Map<string, RecordedNode>();
  durable = new Map<string, RecordedNode>();
}
type RecordedNode = RecordedFile | RecordedFolder;

/** The functions of node:fs, remembering what they made durable. Every third transfer is cut short, as may happen. */
export class RecordingDiskFunctions implements DiskFunctions {
  readonly #root: string;
  readonly #tree: RecordedFolder;
  readonly #open = new Map<number, RecordedNode>();
  readonly #failNext: { kind: 'read' | 'write' | 'sync'; code: string }[] = [];
  #isFull = false;
  #transfers = 0;

  constructor(root: string, tree = new RecordedFolder()) {
    this.#root = root;
    this.#tree = tree;
  }

  failNext(kind: 'read' | 'write' | 'sync'): void {
    this.#failNext.push({ kind, code: 'EIO' });
  }

  fill(): void {
    this.#isFull = true;
  }

  /** Makes what is durable, and nothing else, in the folder `into`. */
  async copyDurable(into: string): Promise<RecordingDiskFunctions> {
    return new RecordingDiskFunctions(into, await copyFolder(this.#tree, into));
  }

  async open(path: string, flags: number): Promise<number> {
    const descriptor = await nodeDiskFunctions.open(path, flags);
    const known = this.#find(path);
    const node = known ?? new RecordedFile();
    if (known === undefined) this.#parentOf(path).entries.set(nameOf(path), node);
    this.#open.set(descriptor, node);
    return descriptor;
  }

  async close(descriptor: number): Promise<void> {
    this.#open.delete(descriptor);
    await nodeDiskFunctions.close(descriptor);
  }

  async write(descriptor: number, parts: readonly Uint8Array[], position: number): Promise<number> {
    this.#throwIfAsked('write');
    if (this.#isFull) throw systemError('ENOSPC');
    const [first] = parts;
    if (first === undefined || !this.#isCutShort()) return nodeDiskFunctions.write(descriptor, parts, position);
    return nodeDiskFunctions.write(descriptor, [first.subarray(0, Math.ceil(first.length / 2))], position);
  }

  async read(descriptor: number, into: Uint8Array, position: number): Promise<number> {
    this.#throwIfAsked('read');
    const wanted = this.#isCutShort() ? into.subarray(0, Math.ceil(into.length / 2)) : into;
    return nodeDiskFunctions.read(descriptor, wanted, position);
  }

  sizeBytes(descriptor: number): Promise<number> {
    return nodeDiskFunctions.sizeBytes(descriptor);
  }

  truncate(descriptor: number, sizeBytes: number): Promise<void> {
    return nodeDiskFunctions.truncate(descriptor, sizeBytes);
  }

  async syncData(descriptor: number): Promise<void> {
    this.#throwIfAsked('sync');
    const node = this.#open.get(descriptor);
    const bytes = new Uint8Array(await nodeDiskFunctions.sizeBytes(descriptor));
    await nodeDiskFunctions.read(descriptor, bytes, 0);
    await nodeDiskFunctions.syncData(descriptor);
    if (node instanceof RecordedFile) node.durable = bytes;
  }

  async sync(descriptor: number): Promise<void> {
    this.#throwIfAsked('sync');
    const node = this.#open.get(descriptor);
    const names = node instanceof RecordedFolder ? new Map(node.entries) : undefined;
    await nodeDiskFunctions.sync(descriptor);
    if (node instanceof RecordedFolder && names !== undefined) node.durable = names;
  }

  list(path: string): Promise<readonly string[]> {
    return nodeDiskFunctions.list(path);
  }

  async makeFolder(path: string): Promise<void> {
    await nodeDiskFunctions.makeFolder(path);
    let parent = this.#tree;
    for (const name of this.#namesOf(path)) {
      const node = parent.entries.get(name) ?? new RecordedFolder();
      parent.entries.set(name, node);
      parent = node as RecordedFolder;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await nodeDiskFunctions.rename(from, to);
    const node = this.#find(from) as RecordedNode;
    this.#parentOf(from).entries.delete(nameOf(from));
    this.#parentOf(to).entries.set(nameOf(to), node);
  }

  async removeFile(path: string): Promise<void> {
    await nodeDiskFunctions.removeFile(path);
    this.#parentOf(path).entries.delete(nameOf(path));
  }

  async removeFolder(path: string): Promise<void> {
    await nodeDiskFunctions.removeFolder(path);
    this.#parentOf(path).entries.delete(nameOf(path));
  }

  async closeAll(): Promise<void> {
    for (const descriptor of this.#open.keys()) await this.close(descriptor);
  }

  #throwIfAsked(kind: 'read' | 'write' | 'sync'): void {
    const asked = this.#failNext.findIndex((failure) => failure.kind === kind);
    if (asked >= 0) throw systemError(this.#failNext.splice(asked, 1)[0]?.code ?? 'EIO');
  }

  #isCutShort(): boolean {
    this.#transfers += 1;
    return this.#transfers % 3 === 0;
  }

  #namesOf(path: string): readonly string[] {
    return relative(this.#root, path)
      .split('/')
      .filter((name) => name !== '');
  }

  #find(path: string): RecordedNode | undefined {
    let node: RecordedNode | undefined = this.#tree;
    for (const name of this.#namesOf(path)) node = node instanceof RecordedFolder ? node.entries.get(name) : undefined;
    return node;
  }

  #parentOf(path: string): RecordedFolder {
    return this.#find(dirname(path)) as RecordedFolder;
  }
}

/** Opens a temporary folder, and cuts the power by moving to another one. */
export async function nodeDiskFixture(): Promise<DiskFixture> {
  const temporary = await fs.mkdtemp(join(tmpdir(), 'odradek-disk-'));
  let lives = 0;
  let functions = new RecordingDiskFunctions(await freshRoot());
  let root = join(temporary, 'life-0');
  const used = [functions];

  async function freshRoot(): Promise<string> {
    const fresh = join(temporary, `life-${lives}`);
    await fs.mkdir(fresh);
    return fresh;
  }
  return {
    disk: new NodeDisk(root, functions),
    restart: async () => new NodeDisk(root, functions),
    powerCut: async () => {
      lives += 1;
      root = await freshRoot();
      functions = await functions.copyDurable(root);
      used.push(functions);
      return new NodeDisk(root, functions);
    },
    failNext: (kind) => functions.failNext(kind),
    fill: () => functions.fill(),
    passTime: (waiting) => waiting,
    close: async () => {
      for (const each of used) await each.closeAll();
      await fs.rm(temporary, { recursive: true });
    },
  };
}

async function copyFolder(folder: RecordedFolder, into: string): Promise<RecordedFolder> {
  const copy = new RecordedFolder();
  for (const [name, node] of folder.durable) {
    const path = join(into, name);
    if (node instanceof RecordedFolder) {
      await fs.mkdir(path);
      copy.entries.set(name, await copyFolder(node, path));
    } else {
      await fs.writeFile(path, node.durable, { flag: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL });
      copy.entries.set(name, Object.assign(new RecordedFile(), { durable: node.durable }));
    }
  }
  copy.durable = new Map(copy.entries);
  return copy;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function systemError(code: string): Error {
  return Object.assign(new Error(`the test made the system fail with ${code}`), { code });
}
