/**
 * Claims a folder for one holder at a time, without leaving anything behind that a person has to remove.
 *
 * A claim is a Unix socket in the folder on which its owner listens. The kernel stops the listening with the process,
 * however it ends, so that a claim without an owner is told by a refused connection. A file with a process number
 * would not do: numbers are used again, and mean nothing to another container on the same folder. Node has no flock.
 *
 * Each claimant first listens under a name of its own, which nobody ever uses again, and then looks for others: if
 * one answers, or if its own name is gone, it gives way. Of two claimants at least the one that looked last saw the
 * other, so they never both hold the folder; that both give way is possible, and harmless. Claims without an owner are
 * swept away. Holds between processes of one kernel, not between machines that share a folder over a network.
 */
import { randomBytes } from 'node:crypto';
import { constants, promises as fs } from 'node:fs';
import * as net from 'node:net';
import { DiskError } from '../ports/disk.ts';
import { codeOf } from './node-disk-errors.ts';
import { nodeDiskFunctions } from './node-disk-functions.ts';

const namePattern = /^\.lock-[0-9a-f]{32}$/;

export function isLockName(name: string): boolean {
  return namePattern.test(name);
}

/** Resolves to the function that gives the folder back. Rejects with a system error, or with DiskError `locked`. */
export async function lockFolderOfDisk(path: string, absolutePath: string): Promise<() => Promise<void>> {
  // A plain number, which nobody closes when the caller forgets how to give the folder back.
  const descriptor = await nodeDiskFunctions.open(absolutePath, constants.O_RDONLY | constants.O_DIRECTORY);
  const name = `.lock-${randomBytes(16).toString('hex')}`;
  // The address of a Unix socket has about 100 bytes; on Linux this way to it is short however deep the folder is.
  const folderAddress = process.platform === 'linux' ? `/proc/self/fd/${descriptor}` : absolutePath;
  const addressOf = (claim: string): string => `${folderAddress}/${claim}`;
  let server: net.Server | undefined;
  const giveWay = async (): Promise<void> => {
    await fs.rm(addressOf(name), { force: true });
    await new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
    await nodeDiskFunctions.close(descriptor);
  };
  try {
    server = await listen(addressOf(name));
    const claims = (await fs.readdir(absolutePath)).filter(isLockName);
    let isMine = claims.includes(name);
    for (const claim of claims.filter((other) => other !== name)) {
      if (await isOwned(addressOf(claim))) isMine = false;
      else await fs.rm(addressOf(claim), { force: true });
    }
    if (!isMine) throw new DiskError('locked', { operation: 'lock', path });
  } catch (cause) {
    await giveWay();
    throw cause;
  }
  let givenBack: Promise<void> | undefined;
  return () => (givenBack ??= giveWay());
}

function listen(address: string): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((connection) => connection.destroy());
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      // Running out of descriptors while somebody asks must not end the process that holds the folder.
      server.on('error', () => undefined);
      // A folder that is held is no reason for a process to go on.
      server.unref();
      resolve(server);
    });
  });
}

/** Anything but a clear no counts as an owner: one that is stopped, or that belongs to another user. */
function isOwned(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net.connect(address);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error))));
  });
}
