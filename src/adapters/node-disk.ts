/**
 * Files and folders below one folder of this machine.
 *
 * A sync is fdatasync for a file and fsync for a folder; both go through the drive's own cache on Linux and macOS.
 * Read next: node-disk-file.ts, and node-disk-lock.ts for how a folder is claimed.
 */
import { constants } from 'node:fs';
import { join } from 'node:path';
import { DiskError, type Disk, type DiskFile } from '../ports/disk.ts';
import { diskPathNames } from '../ports/disk-path.ts';
import { codeOf, inWordsOfDisk } from './node-disk-errors.ts';
import { NodeDiskFile } from './node-disk-file.ts';
import { nodeDiskFunctions, type DiskFunctions } from './node-disk-functions.ts';
import { isLockName, lockFolderOfDisk } from './node-disk-lock.ts';

const openFlags = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  existing: constants.O_RDWR,
  'create-or-existing': constants.O_RDWR | constants.O_CREAT,
} as const;

export class NodeDisk implements Disk {
  readonly #root: string;
  readonly #functions: DiskFunctions;

  /** `root` need not exist yet: `makeFolder('')` makes it. */
  constructor(root: string, functions: DiskFunctions = nodeDiskFunctions) {
    this.#root = root;
    this.#functions = functions;
  }

  openFile(path: string, mode: keyof typeof openFlags): Promise<DiskFile> {
    return inWordsOfDisk({ operation: 'open', path }, async () => {
      const descriptor = await this.#functions.open(this.#absolute(path), openFlags[mode]);
      return new NodeDiskFile(path, descriptor, this.#functions);
    });
  }

  list(folder: string): Promise<readonly string[]> {
    return inWordsOfDisk({ operation: 'list', path: folder }, async () => {
      const names = await this.#functions.list(this.#absolute(folder));
      return names.filter((name) => !isLockName(name)).sort();
    });
  }

  makeFolder(folder: string): Promise<void> {
    return inWordsOfDisk({ operation: 'make folder', path: folder }, async () => {
      try {
        await this.#functions.makeFolder(this.#absolute(folder));
      } catch (cause) {
        // A file is in the way.
        if (codeOf(cause) !== 'ENOTDIR') throw cause;
        throw new DiskError('exists', { operation: 'make folder', path: folder }, cause);
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return inWordsOfDisk({ operation: 'rename', path: from }, () =>
      this.#functions.rename(this.#absolute(from), this.#absolute(to)),
    );
  }

  removeFile(path: string): Promise<void> {
    return inWordsOfDisk({ operation: 'remove', path }, () => this.#functions.removeFile(this.#absolute(path)));
  }

  removeFolder(folder: string): Promise<void> {
    return inWordsOfDisk({ operation: 'remove', path: folder }, () =>
      this.#functions.removeFolder(this.#absolute(folder)),
    );
  }

  syncFolder(folder: string): Promise<void> {
    return inWordsOfDisk({ operation: 'sync folder', path: folder }, async () => {
      const flags = constants.O_RDONLY | constants.O_DIRECTORY;
      const descriptor = await this.#functions.open(this.#absolute(folder), flags);
      try {
        await this.#functions.sync(descriptor);
      } finally {
        await this.#functions.close(descriptor);
      }
    });
  }

  lockFolder(folder: string): Promise<() => Promise<void>> {
    return inWordsOfDisk({ operation: 'lock', path: folder }, () => lockFolderOfDisk(folder, this.#absolute(folder)));
  }

  #absolute(path: string): string {
    return join(this.#root, ...diskPathNames(path));
  }
}
