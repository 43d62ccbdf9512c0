/**
 * The ways that flush-strategies.ts compares, over plain files. Each gathers what came up during a flush into the next
 * write, and resolves an append when the flush that covers it has ended.
 */
import { promises as fs } from 'node:fs';
import { join } from 'node:path';

export interface FlushStrategy {
  readonly flushes: number;
  append(log: number, borrowedBatch: Buffer): Promise<void>;
  close(): Promise<void>;
}

export interface LogFiles {
  readonly root: string;
  readonly logs: number;
  readonly bytesPerLog: number;
  readonly preallocated: boolean;
}

const flushesMax = 8;

/** So many flushes at once on the disk; the rest waits in line. */
class FlushSlots {
  #free = flushesMax;
  readonly #waiting: (() => void)[] = [];

  async enter(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

interface Waiting {
  readonly batch: Buffer;
  readonly resolve: () => void;
}

/** One file: a gathered write and its flush at a time. Written over from the start when it is full. */
class GatheringFile {
  flushes = 0;
  readonly #handle: fs.FileHandle;
  readonly #bytesMax: number;
  readonly #isPreallocated: boolean;
  readonly #slots: FlushSlots;
  #waiting: Waiting[] = [];
  #isBusy = false;
  #position = 0;

  private constructor(handle: fs.FileHandle, files: { bytesMax: number; preallocated: boolean; slots: FlushSlots }) {
    this.#handle = handle;
    this.#bytesMax = files.bytesMax;
    this.#isPreallocated = files.preallocated;
    this.#slots = files.slots;
  }

  static async open(
    path: string,
    files: { bytesMax: number; preallocated: boolean; slots: FlushSlots },
  ): Promise<GatheringFile> {
    const handle = await fs.open(path, 'w+');
    if (files.preallocated) {
      await handle.write(Buffer.alloc(files.bytesMax));
      await handle.sync();
    }
    return new GatheringFile(handle, files);
  }

  append(batch: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ batch, resolve });
      if (!this.#isBusy) void this.#flushAll();
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #flushAll(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      await this.#slots.enter();
      const group = this.#waiting;
      this.#waiting = [];
      const bytes = group.reduce((sum, { batch }) => sum + batch.length, 0);
      await this.#makeRoom(bytes);
      await this.#handle.writev(
        group.map(({ batch }) => batch),
        this.#position,
      );
      this.#position += bytes;
      await this.#handle.datasync();
      this.flushes += 1;
      this.#slots.leave();
      for (const { resolve } of group) resolve();
    }
    this.#isBusy = false;
  }

  async #makeRoom(bytes: number): Promise<void> {
    if (this.#position + bytes <= this.#bytesMax) return;
    this.#position = 0;
    if (!this.#isPreallocated) await this.#handle.truncate(0);
  }
}

export class LogPerFile implements FlushStrategy {
  readonly #files: readonly GatheringFile[];

  private constructor(files: readonly GatheringFile[]) {
    this.#files = files;
  }

  static async open({ root, logs, bytesPerLog, preallocated }: LogFiles): Promise<LogPerFile> {
    const slots = new FlushSlots();
    const files: GatheringFile[] = [];
    for (let log = 0; log < logs; log += 1)
      files.push(await GatheringFile.open(join(root, `${log}.log`), { bytesMax: bytesPerLog, preallocated, slots }));
    return new LogPerFile(files);
  }

  get flushes(): number {
    return this.#files.reduce((sum, file) => sum + file.flushes, 0);
  }

  append(log: number, batch: Buffer): Promise<void> {
    const file = this.#files[log];
    if (file === undefined) throw new Error(`there is no log ${log}`);
    return file.append(batch);
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }
}

interface BehindLog {
  readonly handle: fs.FileHandle;
  position: number;
}

export class Journal implements FlushStrategy {
  readonly #journal: GatheringFile;
  readonly #logs: readonly BehindLog[];
  readonly #bytesPerLog: number;

  private constructor(journal: GatheringFile, logs: readonly BehindLog[], bytesPerLog: number) {
    this.#journal = journal;
    this.#logs = logs;
    this.#bytesPerLog = bytesPerLog;
  }

  static async open({ root, logs, bytesPerLog }: LogFiles): Promise<Journal> {
    const slots = new FlushSlots();
    const bytesMax = bytesPerLog * logs;
    const journal = await GatheringFile.open(join(root, 'journal'), { bytesMax, preallocated: true, slots });
    const behind: BehindLog[] = [];
    for (let log = 0; log < logs; log += 1)
      behind.push({ handle: await fs.open(join(root, `${log}.log`), 'w+'), position: 0 });
    return new Journal(journal, behind, bytesPerLog);
  }

  get flushes(): number {
    return this.#journal.flushes;
  }

  /** Readers read the log's own file, so it is written before the append counts; nothing waits for its flush. */
  async append(log: number, batch: Buffer): Promise<void> {
    const behind = this.#logs[log];
    if (behind === undefined) throw new Error(`there is no log ${log}`);
    if (behind.position + batch.length > this.#bytesPerLog) behind.position = 0;
    const { position } = behind;
    behind.position += batch.length;
    await Promise.all([this.#journal.append(batch), behind.handle.write(batch, 0, batch.length, position)]);
  }

  /** The journal may be reused only when the logs are on the disk: that belongs to its price. */
  async close(): Promise<void> {
    await this.#journal.close();
    for (const { handle } of this.#logs) {
      await handle.datasync();
      await handle.close();
    }
  }
}
