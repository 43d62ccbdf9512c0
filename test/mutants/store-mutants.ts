/**
 * Planted bugs of the raft store and of the identity of its directory: the catalogue's X bugs that live there, and
 * more under ST. What each breaks is the name of a test, or the part of one that comes before its numbers.
 */
import type { Mutant } from './mutant.ts';

const store = 'src/storage/raft-store.ts';
const writer = 'src/storage/raft-batch-writer.ts';
const sentinel = 'src/storage/raft-sentinel.ts';
const recovery = 'src/storage/raft-recovery.ts';
const scan = 'src/storage/raft-log-scan.ts';
const read = 'src/storage/raft-log-read.ts';
const snapshotWriter = 'src/storage/raft-snapshot-writer.ts';
const snapshots = 'src/storage/raft-snapshots.ts';
const identity = 'src/storage/directory-identity.ts';

const powerCut = /after a power cut at any point the store holds|power cuts one after the other/;

interface Plan extends Pick<Mutant, 'id' | 'bug' | 'file' | 'find' | 'replace' | 'breaks'> {
  /** The file in test/storage that is to kill it, without its ending: others may fail first, for other reasons. */
  readonly by: string;
}

const plans: readonly Plan[] = [
  {
    id: 'ST27',
    by: 'raft-store-power-cuts',
    bug: 'term and vote are written before the entries that came with them, in a batch of their own',
    file: store,
    find: 'await this.#writer.commit({ ...state, hardState: nextHardState, logLast }, records);',
    replace: `await this.#writer.commit({ ...state, hardState: nextHardState }, []);
    await this.#writer.commit({ ...this.#writer.state, logLast }, records);`,
    breaks: powerCut,
  },
  {
    id: 'X20',
    by: 'raft-store-power-cuts',
    bug: 'a snapshot is pointed at before its bytes are durable',
    file: snapshotWriter,
    find: 'await this.#file.sync();',
    replace: '',
    breaks: powerCut,
  },
  {
    id: 'X57',
    by: 'raft-store-damage',
    bug: 'entries that the store below lost from the end of the log are not missed',
    file: scan,
    find: 'if (index !== logLast.index || term !== logLast.term || chain !== logLast.chain)',
    replace: 'if (index > logLast.index)',
    breaks:
      /damage to a piece of the log of the key-value store|an older version of an entry that comes back is refused/,
  },
  {
    id: 'ST01',
    by: 'raft-store-power-cuts',
    bug: 'the name of a snapshot is not durable when it is pointed at',
    file: snapshotWriter,
    find: 'await this.#disk.syncFolder(this.#folder);',
    replace: '',
    breaks: powerCut,
  },
  {
    id: 'ST02',
    by: 'raft-store-power-cuts',
    bug: 'batches of the key-value store are not synced',
    file: writer,
    find: 'await both(this.#level.batch(writes, { sync: true })',
    replace: 'await both(this.#level.batch(writes, { sync: false })',
    breaks: powerCut,
  },
  {
    id: 'ST03',
    by: 'raft-store-power-cuts',
    bug: 'the sentinel is not synced',
    file: sentinel,
    find: 'await file.sync();',
    replace: '',
    breaks: powerCut,
  },
  {
    id: 'ST04',
    by: 'raft-store-power-cuts',
    bug: 'the sentinel overwrites its only good slot',
    file: sentinel,
    find: 'this.#slots[content.state.state.sequence % 2 === 0 ? 0 : 1]',
    replace: 'this.#slots[0]',
    breaks: powerCut,
  },
  {
    id: 'ST05',
    by: 'raft-store-power-cuts',
    bug: 'a batch is acknowledged when the first of its two writes is done',
    file: writer,
    find: 'const outcomes = await Promise.allSettled([first, second]);',
    replace: `const done = (): PromiseSettledResult<void> => ({ status: 'fulfilled', value: undefined });
  const outcomes = [await Promise.race([first.then(done), second.then(done)])];`,
    breaks: powerCut,
  },
  {
    id: 'ST06',
    by: 'raft-store',
    bug: 'after a failed write the next one is tried',
    file: writer,
    find: `      this.#failure ??= asFault(cause);
      throw this.#failure;`,
    replace: '      throw asFault(cause);',
    breaks: /a failed sync of the (sentinel|store) ends the store/,
  },
  {
    id: 'ST07',
    by: 'raft-store-power-cuts',
    bug: 'a truncation leaves the entries that nothing overwrites',
    file: 'src/storage/raft-keys.ts',
    find: "for (let index = last + 1; index <= lastBefore; index += 1) writes.push({ type: 'remove', key: entryKey(index) });",
    replace: '',
    breaks: powerCut,
  },
  {
    id: 'ST08',
    by: 'raft-recovery',
    bug: 'a batch that only the sentinel has is taken for lost',
    file: recovery,
    find: "return ok({ type: 'redo', state: written, redo: slot.redo });",
    replace: "return refusedAsDamaged('the store lost its last batch', facts);",
    breaks: /a batch that only the sentinel has is redone from it/,
  },
  {
    id: 'ST09',
    by: 'raft-recovery',
    bug: 'a store that lost its last batches is believed',
    file: recovery,
    find: "if (ahead < 0) return refusedAsDamaged('the store lost its last batches', facts);",
    replace: "if (ahead < 0) return ok({ type: 'agree', state: stored });",
    breaks: /a store that lost more than one batch is damaged/,
  },
  {
    id: 'ST10',
    by: 'raft-recovery',
    bug: 'the older slot of the sentinel speaks',
    file: recovery,
    find: 'return first.state.state.sequence >= second.state.state.sequence ? first : second;',
    replace: 'return first.state.state.sequence >= second.state.state.sequence ? second : first;',
    breaks: /the newer of two whole slots speaks/,
  },
  {
    id: 'ST11',
    by: 'raft-recovery',
    bug: 'a sentinel of another directory is believed',
    file: recovery,
    find: 'if (directoryId !== directory)',
    replace: 'if (directoryId === undefined)',
    breaks: /slots of another directory are damage/,
  },
  {
    id: 'ST12',
    by: 'raft-store-damage',
    bug: 'the chain of an entry is not checked at the start',
    file: scan,
    find: 'entry.chain !== chainAfter(chain, entry)',
    replace: 'entry.chain === -chain - 1',
    breaks: /an older version of an entry that comes back is refused at the start|damage to a piece of the log/,
  },
  {
    id: 'ST13',
    by: 'raft-store-damage',
    bug: 'the chain of an entry is not checked when it is read',
    file: read,
    find: ' || chain !== outline.placeAt(index).chain',
    replace: ' || chain < 0',
    breaks: /an older version of an entry that comes back while the store is in use/,
  },
  {
    id: 'ST14',
    by: 'raft-store',
    bug: 'the checksum of an entry is not checked',
    file: 'src/storage/raft-entry-record.ts',
    find: 'if (checksum !== crc32c(ownedRecord.subarray(checksummedFrom)))',
    replace: 'if (checksum < 0)',
    breaks: /an entry that reads back wrong is never handed out/,
  },
  {
    id: 'ST15',
    by: 'raft-store',
    bug: 'a read that a truncation overtakes mixes two logs',
    file: store,
    find: 'for (const read of this.#reads) read.below = logIndex(Math.min(read.below, from));',
    replace: '',
    breaks: /a read that a truncation overtakes gives only what stays/,
  },
  {
    id: 'ST16',
    by: 'raft-snapshots',
    bug: 'an installed snapshot forgets the term that came with it',
    file: store,
    find: 'snapshot: pointer, hardState: this.#nextHardState(hardState) };',
    replace: 'snapshot: pointer, hardState: this.#nextHardState(undefined) };',
    breaks: /no entry is of a term that this voter has not reached|drops the whole log and sets the term in the same/,
  },
  {
    id: 'ST17',
    by: 'raft-store',
    bug: 'a second vote in a term is written',
    file: store,
    find: 'next.term > current.term || current.votedFor === undefined || next.votedFor === current.votedFor,',
    replace: 'next.term >= current.term,',
    breaks: /a vote is not given twice in a term/,
  },
  {
    id: 'ST18',
    by: 'raft-snapshots',
    bug: 'a damaged chunk of a snapshot is sent',
    file: 'src/storage/raft-snapshot-format.ts',
    find: `  if (checksum !== crc32c(ownedBytes.subarray(checksummedFrom)))
    return refused('the checksum of a chunk of a snapshot does not match its bytes');`,
    replace: '  if (checksum < 0) return refused(String(checksum));',
    breaks: /a snapshot with a flipped bit is neither used at the start nor sent later/,
  },
  {
    id: 'ST19',
    by: 'raft-snapshots',
    bug: 'received bytes are appended wherever they belong',
    file: snapshots,
    find: 'if (offset !== incoming.sizeBytes) return { nextOffset: incoming.sizeBytes };',
    replace: '',
    breaks: /received bytes that do not follow on are refused/,
  },
  {
    id: 'ST20',
    by: 'raft-store-power-cuts',
    bug: 'a large batch is claimed by the sentinel before the store has it',
    file: writer,
    find: `      await this.#level.batch(writes, { sync: true });
      await this.#sentinel.write({ state: next, redo: undefined });`,
    replace: `      await this.#sentinel.write({ state: next, redo: undefined });
      await this.#level.batch(writes, { sync: true });`,
    breaks: /a batch too large for the sentinel is there or not after a power cut at any point/,
  },
  {
    id: 'ST21',
    by: 'directory-identity',
    bug: 'an identity is used before it is durable',
    file: identity,
    find: 'await file.sync();',
    replace: '',
    breaks: /an identity that was returned once survives every power cut|a directory joins one cluster for good/,
  },
  {
    id: 'ST22',
    by: 'directory-identity',
    bug: 'the name of the identity is not durable when it is used',
    file: identity,
    find: 'await disk.syncFolder(folder);',
    replace: '',
    breaks: /an identity that was returned once survives every power cut|a directory joins one cluster for good/,
  },
  {
    id: 'ST23',
    by: 'directory-identity',
    bug: 'the folders above a new directory are not durable',
    file: identity,
    find: 'await syncParents(disk, folder);',
    replace: '',
    breaks: /an identity that was returned once survives every power cut|a directory joins one cluster for good/,
  },
  {
    id: 'ST24',
    by: 'directory-identity',
    bug: 'two processes use one directory',
    file: identity,
    find: 'return await disk.lockFolder(folder);',
    replace: 'return async () => {};',
    breaks: /a directory is used by one process at a time/,
  },
  {
    id: 'ST25',
    by: 'directory-identity',
    bug: 'a node starts from the directory of another',
    file: identity,
    find: 'if (found.nodeId !== nodeId)',
    replace: 'if (found.nodeId > nodeId && found.nodeId < nodeId)',
    breaks: /the directory of another node is refused/,
  },
  {
    id: 'ST26',
    by: 'directory-identity',
    bug: 'a newer format is read as if it were ours',
    file: 'src/storage/directory-meta.ts',
    find: "if (format > directoryFormat) return refused({ type: 'newer-format', found: format, known: directoryFormat });",
    replace: '',
    breaks: /a directory of a newer release is refused and left as it is/,
  },
];

export const storeMutants: readonly Mutant[] = plans.map(({ by, ...plan }) => ({
  ...plan,
  tests: [`test/storage/${by}.test.ts`],
}));
