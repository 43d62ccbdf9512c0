/**
 * The few file-system calls that NodeDisk is made of.
 *
 * They are a table, so that a test can stand between: one that remembers what was synced can then take away the
 * rest, which is the only way to cut the power of a real disk without cutting the power.
 */
import * as fs from 'node:fs';
import { promisify } from 'node:util';

/** Paths are absolute; all reject with the error of the system, which has a `code`. */
export interface DiskFunctions {
  /** Resolves to a descriptor. */
  open(path: string, flags: number): Promise<number>;
  close(descriptor: number): Promise<void>;
  /** Resolves to the number of bytes written, which may be fewer than were given. */
  write(descriptor: number, parts: readonly Uint8Array[], position: number): Promise<number>;
  /** Resolves to the number of bytes read; 0 at the end of the file. */
  read(descriptor: number, into: Uint8Array, position: number): Promise<number>;
  sizeBytes(descriptor: number): Promise<number>;
  truncate(descriptor: number, sizeBytes: number): Promise<void>;
  /** The bytes of a file, and of its metadata what it takes to read them. */
  syncData(descriptor: number): Promise<void>;
  /** A file or a folder with all its metadata. */
  sync(descriptor: number): Promise<void>;
  list(path: string): Promise<readonly string[]>;
  /** With all its parents; no error when it is there. */
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
}

/** What is stored is nobody else's business. */
const fileMode = 0o600;
const folderMode = 0o700;

const open = promisify(fs.open);
const writev = promisify(fs.writev);
const read = promisify(fs.read);
const stat = promisify(fs.fstat);

export const nodeDiskFunctions: DiskFunctions = {
  open: (path, flags) => open(path, flags, fileMode),
  close: promisify(fs.close),
  async write(descriptor, parts, position) {
    return (await writev(descriptor, parts, position)).bytesWritten;
  },
  async read(descriptor, into, position) {
    return (await read(descriptor, into, 0, into.length, position)).bytesRead;
  },
  async sizeBytes(descriptor) {
    return (await stat(descriptor)).size;
  },
  truncate: promisify(fs.ftruncate),
  syncData: promisify(fs.fdatasync),
  sync: promisify(fs.fsync),
  list: promisify(fs.readdir),
  async makeFolder(path) {
    await fs.promises.mkdir(path, { recursive: true, mode: folderMode });
  },
  rename: promisify(fs.rename),
  removeFile: promisify(fs.unlink),
  removeFolder: promisify(fs.rmdir),
};
