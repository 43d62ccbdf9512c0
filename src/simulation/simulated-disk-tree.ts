/**
 * The names of a simulated disk: which folder holds what, now and after a power cut.
 *
 * Every creation, rename and removal is one edit of a journal until all folders it touches have been synced. A
 * power cut remembers or forgets each such edit as a whole, so a rename is never seen half done. Edits of one name
 * keep their order; edits of different names do not, which is more than most file systems do and what the port allows.
 */
import { assert } from '../base/assert.ts';
import { DiskError } from '../ports/disk.ts';
import { diskPathNames, splitDiskPath } from '../ports/disk-path.ts';
import type { SimulatedDevice } from './simulated-device.ts';
import { SimulatedDiskFile } from './simulated-disk-file.ts';
import type { DiskFault, PowerCutChances } from './simulated-disk-knobs.ts';

export class SimulatedDiskFolder {
  readonly kind = 'folder';
  entries = new Map<string, DiskNode>();
  readonly durable = new Map<string, DiskNode>();
}
export type DiskNode = SimulatedDiskFile | SimulatedDiskFolder;

interface EntryChange {
  readonly folder: SimulatedDiskFolder;
  readonly name: string;
  /** What the name leads to afterwards; undefined takes the entry away. */
  readonly to: DiskNode | undefined;
}

interface Edit {
  readonly sequence: number;
  readonly changes: readonly EntryChange[];
  readonly unsyncedFolders: Set<SimulatedDiskFolder>;
}

/** An application that never syncs a folder would make the journal grow for ever. */
const unsyncedEditsMax = 1_000_000;

export class SimulatedDiskTree {
  readonly #root = new SimulatedDiskFolder();
  #journal: Edit[] = [];
  #sequence = 0;

  find(path: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.#root;
    for (const name of diskPathNames(path)) node = node?.kind === 'folder' ? node.entries.get(name) : undefined;
    return node;
  }

  folder(path: string, operation: string): SimulatedDiskFolder {
    const node = this.find(path);
    if (node?.kind !== 'folder') throw new DiskError('missing', { operation, path });
    return node;
  }

  createFile(path: string): SimulatedDiskFile {
    const { folder, name } = splitDiskPath(path);
    const parent = this.folder(folder, 'create');
    const file = new SimulatedDiskFile();
    this.#edit([{ folder: parent, name, to: file }]);
    return file;
  }

  makeFolder(path: string): void {
    let parent = this.#root;
    for (const name of diskPathNames(path)) {
      const node = parent.entries.get(name) ?? new SimulatedDiskFolder();
      if (node.kind !== 'folder') throw new DiskError('exists', { operation: 'make folder', path });
      if (!parent.entries.has(name)) this.#edit([{ folder: parent, name, to: node }]);
      parent = node;
    }
  }

  rename(fromPath: string, toPath: string): void {
    const from = splitDiskPath(fromPath);
    const to = splitDiskPath(toPath);
    const facts = { operation: 'rename', path: fromPath };
    assert(!`${toPath}/`.startsWith(`${fromPath}/`) || fromPath === toPath, 'a folder is not moved into itself', facts);
    const fromFolder = this.folder(from.folder, 'rename');
    const toFolder = this.folder(to.folder, 'rename');
    const node = fromFolder.entries.get(from.name);
    if (node === undefined) throw new DiskError('missing', facts);
    const replaced = toFolder.entries.get(to.name);
    if (replaced === node) return;
    if (replaced !== undefined && replaced.kind !== node.kind) throw new DiskError('io', facts);
    if (replaced?.kind === 'folder' && replaced.entries.size > 0) throw new DiskError('not-empty', facts);
    this.#edit([
      { folder: fromFolder, name: from.name, to: undefined },
      { folder: toFolder, name: to.name, to: node },
    ]);
  }

  remove(path: string, kind: DiskNode['kind']): void {
    const { folder, name } = splitDiskPath(path);
    const facts = { operation: 'remove', path };
    const parent = this.folder(folder, 'remove');
    const node = parent.entries.get(name);
    if (node === undefined) throw new DiskError('missing', facts);
    if (node.kind !== kind) throw new DiskError('io', facts);
    if (node.kind === 'folder' && node.entries.size > 0) throw new DiskError('not-empty', facts);
    this.#edit([{ folder: parent, name, to: undefined }]);
  }

  /** A sync of a folder that starts now covers the edits up to this mark, and no later ones. */
  syncMark(): number {
    return this.#sequence;
  }

  folderSynced(folder: SimulatedDiskFolder, mark: number): void {
    for (const edit of this.#journal) if (edit.sequence <= mark) edit.unsyncedFolders.delete(folder);
    const durable = new Set<Edit>();
    const settledNames = new EntryNames();
    // From the last to the first: whatever came before a durable edit of the same name is durable with it.
    for (const edit of this.#journal.toReversed()) {
      if (edit.unsyncedFolders.size > 0 && !settledNames.hasAnyOf(edit)) continue;
      settledNames.add(edit);
      durable.add(edit);
    }
    for (const edit of this.#journal) if (durable.has(edit)) remember(edit);
    this.#journal = this.#journal.filter((edit) => !durable.has(edit));
  }

  powerCut(device: SimulatedDevice<DiskFault>, chances: PowerCutChances): void {
    const forgottenNames = new EntryNames();
    for (const edit of this.#journal) {
      if (!forgottenNames.hasAnyOf(edit) && device.chance(chances.entrySurvives)) {
        remember(edit);
        continue;
      }
      forgottenNames.add(edit);
      device.onFault('power cut forgot an entry');
    }
    this.#journal = [];
    restoreBelow(this.#root);
    for (const { file } of this.files()) file.powerCut(device, chances);
  }

  /** Every file that has a name, in the order of paths. */
  *files(): Iterable<{ readonly path: string; readonly file: SimulatedDiskFile }> {
    yield* filesBelow(this.#root, '');
  }

  #edit(changes: readonly EntryChange[]): void {
    assert(this.#journal.length < unsyncedEditsMax, 'folders are synced before the journal is full', {
      unsyncedEditsMax,
    });
    for (const { folder, name, to } of changes) {
      if (to === undefined) folder.entries.delete(name);
      else folder.entries.set(name, to);
    }
    this.#sequence += 1;
    const unsyncedFolders = new Set(changes.map(({ folder }) => folder));
    this.#journal.push({ sequence: this.#sequence, changes, unsyncedFolders });
  }
}

class EntryNames {
  readonly #names = new Map<SimulatedDiskFolder, Set<string>>();

  add({ changes }: Edit): void {
    for (const { folder, name } of changes) {
      const names = this.#names.get(folder);
      if (names === undefined) this.#names.set(folder, new Set([name]));
      else names.add(name);
    }
  }

  hasAnyOf({ changes }: Edit): boolean {
    return changes.some(({ folder, name }) => this.#names.get(folder)?.has(name) === true);
  }
}

function remember({ changes }: Edit): void {
  for (const { folder, name, to } of changes) {
    if (to === undefined) folder.durable.delete(name);
    else folder.durable.set(name, to);
  }
}

function restoreBelow(folder: SimulatedDiskFolder): void {
  folder.entries = new Map(folder.durable);
  for (const node of folder.entries.values()) if (node.kind === 'folder') restoreBelow(node);
}

function* filesBelow(
  folder: SimulatedDiskFolder,
  prefix: string,
): Iterable<{ readonly path: string; readonly file: SimulatedDiskFile }> {
  for (const [name, node] of [...folder.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (node.kind === 'file') yield { path: prefix + name, file: node };
    else yield* filesBelow(node, `${prefix}${name}/`);
  }
}
