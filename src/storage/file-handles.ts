/**
 * The open files of all logs of one disk, a bounded number: opened when they are needed, closed when others are.
 *
 * A file with bytes that were not synced is synced before it is closed, because a later handle need not hear of the
 * error that those bytes meet on their way to the disk. If that sync fails, whoever changes or syncs the file next hears
 * of it: a log calls nothing durable without a sync. Whoever reads does not: what was durable before can still be read.
 */
import { assert } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';
import { Slots } from './slots.ts';

/** What a user of a file may do with it: everything but close it. */
export type PooledFile = Pick<DiskFile, 'read' | 'write' | 'sync' | 'truncate' | 'sizeBytes'>;

/** What was written to a file and not synced may be gone, although reads go on to show it. */
export class LostSyncError extends FaultError {
  constructor(facts: { readonly path: string }, cause: unknown) {
    super('a file could not be synced before it was closed', facts, cause);
  }
}

interface Handle {
  readonly path: string;
  readonly file: Promise<TrackedFile>;
  users: number;
  /** Called when the last user is gone, once somebody wants the file closed. */
  onIdle: (() => void) | undefined;
}

export class FileHandles {
  readonly #disk: Disk;
  readonly #slots: Slots;
  readonly #openMax: number;
  /** By path; the one that was used least recently is the first. */
  readonly #handles = new Map<string, Handle>();
  readonly #lostSyncs = new Map<string, LostSyncError>();
  #closing: Promise<unknown> = Promise.resolve();

  constructor(disk: Disk, openMax: number) {
    assert(openMax >= 2, 'a log and its stamps can be open together', { openMax });
    this.#disk = disk;
    this.#openMax = openMax;
    this.#slots = new Slots(openMax);
  }

  get openCount(): number {
    return this.#handles.size;
  }

  /** Never called within another `use`: with every slot in such hands, nobody would get on. */
  async use<Value>(
    path: string,
    mode: 'existing' | 'create-or-existing',
    act: (file: PooledFile) => Promise<Value>,
  ): Promise<Value> {
    await this.#slots.take();
    try {
      const handle = this.#takeOpen(path) ?? (await this.#open(path, mode));
      try {
        return await act(await handle.file);
      } finally {
        handle.users -= 1;
        if (handle.users === 0) handle.onIdle?.();
      }
    } finally {
      this.#slots.giveBack();
    }
  }

  /** Closes the file if it is open, when its users are done. For one that was renamed, replaced or removed. */
  async forget(path: string): Promise<void> {
    this.#lostSyncs.delete(path);
    const handle = this.#handles.get(path);
    if (handle === undefined) return;
    this.#handles.delete(path);
    await closeWhenIdle(handle);
  }

  /** All files below a folder, and what is known of their syncs: for a log that makes anew whatever may be lost. */
  async forgetBelow(folder: string): Promise<void> {
    const paths = [...this.#handles.keys(), ...this.#lostSyncs.keys()];
    for (const path of paths) if (path.startsWith(`${folder}/`)) await this.forget(path);
  }

  /** Its user is counted at once: a file that nobody seems to use may be closed at any moment. */
  #takeOpen(path: string): Handle | undefined {
    const handle = this.#handles.get(path);
    if (handle === undefined) return undefined;
    handle.users += 1;
    // Used last: it goes to the end of the line.
    this.#handles.delete(path);
    this.#handles.set(path, handle);
    return handle;
  }

  async #open(path: string, mode: 'existing' | 'create-or-existing'): Promise<Handle> {
    // One after the other, so that two who need room do not close two files for one.
    const room = this.#closing.then(() => this.#makeRoom());
    this.#closing = room;
    await room;
    const found = this.#takeOpen(path);
    if (found !== undefined) return found;
    const lost = this.#lostSyncs.get(path);
    const file = this.#disk.openFile(path, mode).then((opened) => new TrackedFile(opened, lost));
    const handle: Handle = { path, file, users: 1, onIdle: undefined };
    this.#handles.set(path, handle);
    file.catch(() => {
      if (this.#handles.get(path) === handle) this.#handles.delete(path);
    });
    assert(this.#handles.size <= this.#openMax, 'open files are bounded', () => ({ open: this.#handles.size }));
    return handle;
  }

  async #makeRoom(): Promise<void> {
    while (this.#handles.size >= this.#openMax) {
      const idle = [...this.#handles.values()].find(({ users }) => users === 0);
      assert(idle !== undefined, 'whoever wants to open a file has the slot of one that is not used');
      this.#handles.delete(idle.path);
      const file = await idle.file.catch(() => undefined);
      try {
        if (file?.isDirty === true) await file.sync();
      } catch (cause) {
        this.#lostSyncs.set(idle.path, new LostSyncError({ path: idle.path }, cause));
      }
      // What is synced is not lost by a close that fails.
      await file?.close().catch(() => {});
    }
  }
}

async function closeWhenIdle(handle: Handle): Promise<void> {
  if (handle.users > 0)
    await new Promise<void>((resolve) => {
      handle.onIdle = resolve;
    });
  const file = await handle.file.catch(() => undefined);
  await file?.close();
}

/** Knows whether it has bytes that no sync has covered. */
class TrackedFile implements PooledFile {
  readonly #file: DiskFile;
  readonly #lost: LostSyncError | undefined;
  #changesBegun = 0;
  #changesSettled = 0;
  #changesSynced = 0;

  constructor(file: DiskFile, lost: LostSyncError | undefined) {
    this.#file = file;
    this.#lost = lost;
  }

  get isDirty(): boolean {
    return this.#changesSynced < this.#changesBegun;
  }

  read(position: number, length: number): Promise<Uint8Array> {
    return this.#file.read(position, length);
  }

  write(position: number, ownedParts: readonly Uint8Array[]): Promise<void> {
    return this.#change(() => this.#file.write(position, ownedParts));
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#change(() => this.#file.truncate(sizeBytes));
  }

  sizeBytes(): Promise<number> {
    return this.#file.sizeBytes();
  }

  /** Covers what had settled before, as the port has it. */
  async sync(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    const covered = this.#changesSettled;
    await this.#file.sync();
    this.#changesSynced = Math.max(this.#changesSynced, covered);
    assert(this.#changesSynced <= this.#changesSettled, 'S7: a sync covers only what was written before it');
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #change(act: () => Promise<void>): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    this.#changesBegun += 1;
    try {
      await act();
    } finally {
      this.#changesSettled += 1;
    }
  }
}
