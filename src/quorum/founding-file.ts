/**
 * Where a directory keeps the founding set that it holds: one small file, written once in its life.
 *
 * The set carries its own hash, the cluster id, so a damaged file does not pass. The directory's meta is bound to the
 * cluster after the file is durable: a file without that binding is the trace of a crash between the two.
 */
import { FaultError } from '../base/fault-error.ts';
import type { Codec } from '../ports/codec.ts';
import { DiskError, type Disk } from '../ports/disk.ts';
import { checkFoundingSet, type FoundingSet } from '../raft/founding-set.ts';
import type { StorageDirectory } from '../storage/directory-identity.ts';

const fileName = 'founding';
const partialName = 'founding.partial';
const fileBytesMax = 64 * 1024;

export interface FoundingFileOptions {
  readonly disk: Disk;
  readonly directory: StorageDirectory;
  readonly codec: Codec<FoundingSet>;
}

/** Undefined when the directory holds none. Throws a FaultError for a file that is damaged or lost. */
export async function readFoundingFile(options: FoundingFileOptions): Promise<FoundingSet | undefined> {
  const { directory, codec } = options;
  const bytes = await readBytes(options);
  if (bytes === undefined) {
    if (directory.clusterId === undefined) return undefined;
    throw damaged(directory, 'the file is missing, although the directory belongs to a cluster');
  }
  const decoded = codec.decode(bytes);
  if (!decoded.ok) throw damaged(directory, decoded.problem.why);
  const sound = checkFoundingSet(decoded.value);
  if (!sound.ok) throw damaged(directory, sound.problem.why);
  await bind(directory, sound.value);
  return sound.value;
}

/** When it resolves, the set survives a power cut and the directory belongs to its cluster. */
export async function writeFoundingFile(options: FoundingFileOptions, founding: FoundingSet): Promise<void> {
  const { disk, directory, codec } = options;
  const partial = `${directory.folder}/${partialName}`;
  const file = await disk.openFile(partial, 'create-or-existing');
  try {
    await file.truncate(0);
    await file.write(0, [codec.encode(founding)]);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(partial, `${directory.folder}/${fileName}`);
  await disk.syncFolder(directory.folder);
  await bind(directory, founding);
}

async function bind(directory: StorageDirectory, { clusterId }: FoundingSet): Promise<void> {
  const joined = await directory.joinCluster(clusterId);
  if (!joined.ok) throw damaged(directory, 'it names another cluster than the directory belongs to');
}

async function readBytes({ disk, directory }: FoundingFileOptions): Promise<Uint8Array | undefined> {
  try {
    const file = await disk.openFile(`${directory.folder}/${fileName}`, 'existing');
    try {
      return await file.read(0, fileBytesMax);
    } finally {
      await file.close();
    }
  } catch (fault) {
    if (fault instanceof DiskError && fault.problem === 'missing') return undefined;
    throw fault;
  }
}

function damaged({ folder }: StorageDirectory, what: string): FaultError {
  return new FaultError('the founding set of the directory is damaged', {
    file: `${folder}/${fileName}`,
    what,
    remedy: 'remove this voter from the quorum and add it again with an empty directory',
  });
}
