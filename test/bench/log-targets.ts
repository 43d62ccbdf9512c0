/**
 * What a bench appends to: a partition log, or raw calls on a file of the same disk. Both resolve a batch when it is
 * written or, where they flush, when it is durable; one flush is in flight, and covers what was written before it.
 */
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { NodeClock } from '../../src/adapters/node-clock.ts';
import { NodeDisk } from '../../src/adapters/node-disk.ts';
import { leaderEpoch, type Offset } from '../../src/base/offsets.ts';
import type { Disk, DiskFile } from '../../src/ports/disk.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { LogDisk } from '../../src/storage/log-disk.ts';
import type { LogSettings } from '../../src/storage/log-settings.ts';
import { PartitionLog } from '../../src/storage/partition-log.ts';
import { stampedBatch } from '../../src/storage/stamped-batch.ts';

/** Resolves when the batch has got as far as the target takes it. Its bytes may be used again then. */
export interface AppendTarget {
  append(ownedBytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

interface Waiting {
  readonly upTo: number;
  readonly resolve: () => void;
}

/** The real disk below a folder, with every sync of a file counted. */
export class BenchDisk {
  readonly root: string;
  readonly logs: LogDisk;
  readonly plain: Disk;
  fileSyncs = 0;
  #made = 0;

  constructor(root: string) {
    this.root = root;
    this.plain = new NodeDisk(root);
    this.logs = new LogDisk(this.#counting(this.plain));
  }

  nextName(): string {
    this.#made += 1;
    return `log-${this.#made}`;
  }

  async remove(name: string): Promise<void> {
    await fs.rm(join(this.root, name), { recursive: true });
  }

  #counting(disk: Disk): Disk {
    const count = (file: DiskFile): DiskFile =>
      withMethod(file, 'sync', () => {
        this.fileSyncs += 1;
        return file.sync();
      });
    return withMethod(disk, 'openFile', async (path: string, mode: Parameters<Disk['openFile']>[1]) =>
      count(await disk.openFile(path, mode)),
    );
  }
}

function withMethod<Target extends object>(target: Target, name: keyof Target, method: unknown): Target {
  return new Proxy(target, {
    get(of, wanted) {
      if (wanted === name) return method;
      const value: unknown = Reflect.get(of, wanted, of);
      return typeof value === 'function' ? (value as (...words: unknown[]) => unknown).bind(of) : value;
    },
  });
}

export class LogTarget implements AppendTarget {
  readonly name: string;
  readonly log: PartitionLog;
  readonly #disk: BenchDisk;
  readonly #waiting: Waiting[];
  #next: Offset;

  private constructor(disk: BenchDisk, name: string, log: PartitionLog, waiting: Waiting[]) {
    this.#disk = disk;
    this.name = name;
    this.log = log;
    this.#waiting = waiting;
    this.#next = log.logEnd;
  }

  static async open(disk: BenchDisk, settings: LogSettings, name = disk.nextName()): Promise<LogTarget> {
    const waiting: Waiting[] = [];
    const isFlushed = settings.flush.type === 'each-append';
    const opened = await PartitionLog.open({
      on: disk.logs,
      path: name,
      clock: new NodeClock(),
      settings,
      onProgress: ({ written, durable }) => {
        const upTo = isFlushed ? durable : written;
        while ((waiting[0]?.upTo ?? Infinity) <= upTo) waiting.shift()?.resolve();
      },
    });
    if (!opened.ok) throw new Error('the log is refused');
    return new LogTarget(disk, name, opened.value, waiting);
  }

  append(ownedBytes: Uint8Array): Promise<void> {
    new BatchHeader(ownedBytes).stamp({ baseOffset: this.#next, leaderEpoch: leaderEpoch(1) });
    const batch = stampedBatch(ownedBytes);
    this.#next = batch.nextOffset;
    const done = new Promise<void>((resolve) => {
      this.#waiting.push({ upTo: batch.nextOffset, resolve });
    });
    void this.log.append([batch]);
    return done;
  }

  async end(): Promise<void> {
    await this.log.close();
    await this.#disk.remove(this.name);
  }
}

/** A write for each batch, as they come, at the place behind the one before. */
export class RawTarget implements AppendTarget {
  readonly #disk: BenchDisk;
  readonly #name: string;
  readonly #file: DiskFile;
  readonly #isFlushed: boolean;
  #position = 0;
  #written: (() => void)[] = [];
  #isFlushing = false;

  private constructor(disk: BenchDisk, name: string, file: DiskFile, isFlushed: boolean) {
    this.#disk = disk;
    this.#name = name;
    this.#file = file;
    this.#isFlushed = isFlushed;
  }

  static async open(disk: BenchDisk, { isFlushed }: { readonly isFlushed: boolean }): Promise<RawTarget> {
    const name = disk.nextName();
    return new RawTarget(disk, name, await disk.plain.openFile(name, 'create'), isFlushed);
  }

  get file(): DiskFile {
    return this.#file;
  }

  async append(ownedBytes: Uint8Array): Promise<void> {
    const position = this.#position;
    this.#position += ownedBytes.length;
    await this.#file.write(position, [ownedBytes]);
    if (!this.#isFlushed) return;
    const done = new Promise<void>((resolve) => this.#written.push(resolve));
    void this.#flush();
    await done;
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#written.length > 0) {
      const covered = this.#written;
      this.#written = [];
      await this.#file.sync();
      for (const resolve of covered) resolve();
    }
    this.#isFlushing = false;
  }

  async end(): Promise<void> {
    await this.#file.close();
    await this.#disk.remove(this.#name);
  }
}
