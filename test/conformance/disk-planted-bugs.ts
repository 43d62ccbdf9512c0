/**
 * Disks with one bug each. What they do wrong has been done wrong by real storage code.
 */
import type { Disk, DiskFile } from '../../src/ports/disk.ts';
import { ForwardingDisk, ForwardingFile } from './disk-forwarding.ts';
import { joined } from './disk-stage.ts';

type FileMethods = Partial<Record<keyof DiskFile, unknown>>;

/** A disk whose files have methods replaced. `replace` is called for each file that is opened. */
function withFiles(replace: (file: DiskFile) => FileMethods): (below: Disk) => Disk {
  return (below) => {
    const disk = new ForwardingDisk(below);
    disk.wrap = (file) => Object.assign(new ForwardingFile(file), replace(file));
    return disk;
  };
}

/** A disk with methods replaced. */
function withDisk(replace: (disk: Disk) => Partial<Disk>): (below: Disk) => Disk {
  return (below) => Object.assign(new ForwardingDisk(below), replace(below));
}

const nothing = async (): Promise<void> => {};

const fileBugs: Readonly<Record<string, (below: Disk) => Disk>> = {
  'forgets every sync': withFiles(() => ({ sync: nothing })),
  'forgets every second sync': (below) => {
    let syncs = 0;
    return withFiles((file) => ({
      sync: () => {
        syncs += 1;
        return syncs % 2 === 0 ? nothing() : file.sync();
      },
    }))(below);
  },
  'forgets to sync a file that has not grown': withFiles((file) => {
    let syncedBytes = 0;
    return {
      sync: async () => {
        const sizeBytes = await file.sizeBytes();
        if (sizeBytes > syncedBytes) await file.sync();
        syncedBytes = Math.max(syncedBytes, sizeBytes);
      },
    };
  }),
  'answers a sync before it is done': withFiles((file) => ({
    sync: async () => {
      file.sync().catch(() => {});
    },
  })),
  'answers a write before it is done': withFiles((file) => ({
    write: async (position: number, parts: readonly Uint8Array[]) => {
      file.write(position, parts).catch(() => {});
    },
  })),
  'tries a failed write again and says nothing': withFiles((file) => ({
    write: (position: number, parts: readonly Uint8Array[]) =>
      file.write(position, parts).catch(() => file.write(position, parts)),
  })),
  'tries a failed sync again and says nothing': withFiles((file) => ({
    sync: () => file.sync().catch(() => file.sync()),
  })),
  'writes only the first part': withFiles((file) => ({
    write: (position: number, parts: readonly Uint8Array[]) => file.write(position, parts.slice(0, 1)),
  })),
  'writes no more than 1024 parts': withFiles((file) => ({
    write: (position: number, parts: readonly Uint8Array[]) => file.write(position, parts.slice(0, 1024)),
  })),
  'does not continue a short write': withFiles((file) => ({
    write: (position: number, parts: readonly Uint8Array[]) =>
      file.write(position, [joined(parts).subarray(0, 65_536)]),
  })),
  'writes the parts in the wrong order': withFiles((file) => ({
    write: (position: number, parts: readonly Uint8Array[]) => file.write(position, parts.toReversed()),
  })),
  'appends whatever the position says': withFiles((file) => ({
    write: async (_position: number, parts: readonly Uint8Array[]) => file.write(await file.sizeBytes(), parts),
  })),
  'writes whole sectors, with zeros around': withFiles((file) => ({
    write: (position: number, parts: readonly Uint8Array[]) => {
      const start = position - (position % 512);
      return file.write(start, [new Uint8Array(position - start), ...parts]);
    },
  })),
  'returns one byte more than asked': withFiles((file) => ({
    read: (position: number, length: number) => file.read(position, length + 1),
  })),
  'returns one byte fewer than there is': withFiles((file) => ({
    read: async (position: number, length: number) => (await file.read(position, length)).slice(0, -1),
  })),
  'returns a page at most': withFiles((file) => ({
    read: (position: number, length: number) => file.read(position, Math.min(length, 4096)),
  })),
  'fills a read at the end of the file with zeros': withFiles((file) => ({
    read: async (position: number, length: number) => {
      const bytes = new Uint8Array(length);
      bytes.set(await file.read(position, length));
      return bytes;
    },
  })),
  'reads into one buffer again and again': (below) => {
    const shared = new Uint8Array(1_000_000);
    return withFiles((file) => ({
      read: async (position: number, length: number) => {
        const bytes = await file.read(position, length);
        shared.set(bytes);
        return shared.subarray(0, bytes.length);
      },
    }))(below);
  },
  'serves reads from a cache of its own': withFiles((file) => {
    const cache = new Map<string, Uint8Array>();
    return {
      read: async (position: number, length: number) => {
        const place = `${position}+${length}`;
        const bytes = cache.get(place) ?? (await file.read(position, length));
        cache.set(place, bytes);
        return bytes;
      },
    };
  }),
  'never cuts a file': withFiles((file) => ({
    truncate: async (sizeBytes: number) => {
      if (sizeBytes > (await file.sizeBytes())) await file.truncate(sizeBytes);
    },
  })),
  'never extends a file': withFiles((file) => ({
    truncate: async (sizeBytes: number) => {
      if (sizeBytes < (await file.sizeBytes())) await file.truncate(sizeBytes);
    },
  })),
  'goes on with a closed file': withFiles(() => ({ close: nothing })),
};

const folderBugs: Readonly<Record<string, (below: Disk) => Disk>> = {
  'forgets to sync folders': withDisk(() => ({ syncFolder: nothing })),
  'syncs no folder but the root': withDisk((disk) => ({
    syncFolder: (folder) => (folder === '' ? disk.syncFolder('') : nothing()),
  })),
  'renames in two steps': withDisk((disk) => ({
    rename: async (from, to) => {
      await disk.removeFile(to).catch(() => {});
      await disk.rename(from, to);
    },
  })),
  'renames by copying over the old bytes': withDisk((disk) => ({
    rename: async (from, to) => {
      const source = await disk.openFile(from, 'existing');
      const target = await disk.openFile(to, 'create-or-existing');
      await target.truncate(0);
      await target.write(0, [await source.read(0, await source.sizeBytes())]);
      await disk.removeFile(from);
    },
  })),
  'leaves the old name behind at a rename': withDisk((disk) => ({
    rename: async (from, to) => {
      await disk.rename(from, to);
      await disk.openFile(from, 'create').catch(() => {});
    },
  })),
  'opens an existing file as a new one': withDisk((disk) => ({
    openFile: (path, mode) => disk.openFile(path, mode === 'create' ? 'create-or-existing' : mode),
  })),
  'makes a file that should be there': withDisk((disk) => ({
    openFile: (path, mode) => disk.openFile(path, mode === 'existing' ? 'create-or-existing' : mode),
  })),
  'empties a file when it opens it': withDisk((disk) => ({
    openFile: async (path, mode) => {
      const file = await disk.openFile(path, mode);
      if (mode === 'create-or-existing') await file.truncate(0);
      return file;
    },
  })),
  'lists in any order': withDisk((disk) => ({
    list: async (folder) => (await disk.list(folder)).toReversed(),
  })),
  'lists a missing folder as empty': withDisk((disk) => ({
    list: (folder) => disk.list(folder).catch(() => []),
  })),
  'removes a folder with all that is in it': withDisk((disk) => ({
    removeFolder: async (folder) => {
      for (const name of await disk.list(folder)) await disk.removeFolder(`${folder}/${name}`).catch(() => {});
      await disk.removeFolder(folder);
    },
  })),
  'keeps a removed file under its name': withDisk(() => ({ removeFile: nothing })),
  'locks nothing': withDisk(() => ({ lockFolder: async () => nothing })),
  'keeps a lock that was given back': withDisk((disk) => ({
    lockFolder: async (folder) => {
      await disk.lockFolder(folder);
      return nothing;
    },
  })),
  'gives back the lock of another holder': (below) => {
    const held = new Map<string, () => Promise<void>>();
    return withDisk((disk) => ({
      lockFolder: async (folder) => {
        held.set(folder, await disk.lockFolder(folder));
        return async () => held.get(folder)?.();
      },
    }))(below);
  },
  'keeps its lock as a file in the folder': withDisk((disk) => ({
    lockFolder: async (folder) => {
      await disk.openFile(`${folder}/lock`, 'create-or-existing');
      return disk.lockFolder(folder);
    },
  })),
};

/** By what is wrong; each takes a good disk. */
export const diskBugs = { ...fileBugs, ...folderBugs };
