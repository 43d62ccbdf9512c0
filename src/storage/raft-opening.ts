/**
 * Opens the files of a raft store: makes them on the first start, and afterwards checks everything before anybody
 * may use it.
 *
 * The order matters. The sentinel is read before the key-value store is opened, because opening that one already
 * changes files; a store is listed in the directory's meta only when it is complete. What is found damaged is
 * left as it is. The judgement itself is in raft-recovery.ts, the check of the log in raft-log-scan.ts.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { DirectoryId } from '../base/ids.ts';
import { ok, type Result } from '../base/result.ts';
import type { Disk } from '../ports/disk.ts';
import { StoreDamageError, type KeyValueStore, type KeyValueStores } from '../ports/key-value-store.ts';
import type { StorageDirectory } from './directory-identity.ts';
import { refusedAsDamaged, type RaftDamage } from './raft-damage.ts';
import type { RaftEntryRecord } from './raft-entry-record.ts';
import { stateKey, writesForState } from './raft-keys.ts';
import { scanLog, type LogScan } from './raft-log-scan.ts';
import { decideNewestSlot, decideRecovery, type RecoveryVerdict } from './raft-recovery.ts';
import { RaftSentinel, readSlots, type SlotContent } from './raft-sentinel.ts';
import { RaftSnapshots } from './raft-snapshots.ts';
import { decodeState, encodeState, factsOfNewStore, type EncodedState } from './raft-state-record.ts';

export interface RaftStoreOptions {
  readonly disk: Disk;
  /** Of the same root as `disk`. */
  readonly stores: KeyValueStores;
  /** Claimed by this process; the store lives below its folder. */
  readonly directory: StorageDirectory;
  /** How much of the newest entries `load` gives back. */
  readonly recentBytesMax: number;
  /** Called with every entry of the log, in order, while the store opens. */
  readonly onEntry?: (entry: RaftEntryRecord) => void;
}

/** An open store whose every byte has been checked. */
export interface OpenedFiles {
  readonly level: KeyValueStore;
  readonly sentinel: RaftSentinel;
  readonly state: EncodedState;
  readonly scan: LogScan;
  readonly snapshots: RaftSnapshots;
  /** What had to be made good, for the log of the process. */
  readonly recovery: RecoveryVerdict['type'];
}

const storeName = 'raft';
const surplusKeysPerBatchMax = 1024;

export function raftFolder(directory: StorageDirectory): string {
  return `${directory.folder}/${storeName}`;
}

export function raftSnapshotsFolder(directory: StorageDirectory): string {
  return `${raftFolder(directory)}/snapshots`;
}

function levelPath(folder: string): string {
  return `${folder}/level`;
}

/** Undamaged, or nothing of it may be used. A failing disk rejects. */
export async function openRaftFiles(options: RaftStoreOptions): Promise<Result<OpenedFiles, RaftDamage>> {
  const { disk, directory, stores } = options;
  const folder = raftFolder(directory);
  if (!directory.hasStore(storeName)) {
    const made = await makeFiles(options);
    if (!made.ok) return made;
  }
  const slot = decideNewestSlot(await readSlots(disk, folder), directory.directoryId);
  if (!slot.ok) return slot;
  const level = await orDamage('the key-value store does not open', () => stores.open(levelPath(folder)));
  if (!level.ok) return level;
  let opened: Result<OpenedFiles, RaftDamage> | undefined;
  try {
    opened = await recover(options, level.value, slot.value);
    return opened;
  } finally {
    if (opened?.ok !== true) await level.value.close();
  }
}

/**
 * The first start, or one more attempt at it. Two empty batches give both slots of the sentinel a state, so that
 * from then on an unreadable slot always means something.
 */
async function makeFiles({ disk, directory, stores }: RaftStoreOptions): Promise<Result<void, RaftDamage>> {
  const folder = raftFolder(directory);
  const slots = await readSlots(disk, folder);
  if (slots.some((slot) => slot.type === 'whole' && slot.content.state.state.sequence > 1))
    return refusedAsDamaged('a raft store in use is there, and the file "meta" does not list it');
  await disk.makeFolder(raftSnapshotsFolder(directory));
  // Made here and not by the store, so that it can be synced here.
  await disk.makeFolder(levelPath(folder));
  const level = await stores.open(levelPath(folder));
  const first = firstState(directory.directoryId);
  const second = encodeState({ ...first.state, sequence: 1, previousCrc: first.crc });
  await level.batch([{ type: 'put', key: stateKey, value: second.bytes }], { sync: true });
  await level.close();
  const sentinel = await RaftSentinel.open(disk, folder);
  await sentinel.write({ state: first, redo: [] });
  await sentinel.write({ state: second, redo: [] });
  await sentinel.close();
  for (const made of [levelPath(folder), folder, directory.folder]) await disk.syncFolder(made);
  await directory.addStore(storeName);
  return ok(undefined);
}

function firstState(directoryId: DirectoryId): EncodedState {
  return encodeState({ ...factsOfNewStore, sequence: 0, previousCrc: 0, directoryId });
}

async function recover(
  options: RaftStoreOptions,
  level: KeyValueStore,
  slot: SlotContent,
): Promise<Result<OpenedFiles, RaftDamage>> {
  const stored = await readState(level);
  if (!stored.ok) return stored;
  const verdict = decideRecovery(slot, stored.value);
  if (!verdict.ok) return verdict;
  const { state } = verdict.value;
  if (verdict.value.type === 'redo') {
    const lastBefore = stored.value.state.logLast.index;
    await level.batch(writesForState({ lastBefore, next: state, records: verdict.value.redo }), { sync: true });
  }
  const { recentBytesMax, onEntry = () => {} } = options;
  const scanned = await orDamage('the key-value store cannot be read through', () =>
    scanLog(level, { state: state.state, recentBytesMax, onEntry }),
  );
  if (!scanned.ok) return scanned;
  if (!scanned.value.ok) return scanned.value;
  const snapshots = await RaftSnapshots.open(
    options.disk,
    raftSnapshotsFolder(options.directory),
    state.state.snapshot,
  );
  if (!snapshots.ok) return snapshots;
  await dropKeys(level, scanned.value.value.surplusKeys);
  const sentinel = await RaftSentinel.open(options.disk, raftFolder(options.directory));
  await settle({ level, sentinel, state, redo: redoOf(verdict.value, slot) });
  return ok({
    level,
    sentinel,
    state,
    scan: scanned.value.value,
    snapshots: snapshots.value,
    recovery: verdict.value.type,
  });
}

/**
 * Nothing is built on what was found before it is durable. A process that was killed, or whose sync failed, leaves
 * writes behind that every read shows and the disk does not hold; batches added on top of them would outlive them in a
 * power cut, and the two witnesses would then contradict each other. The store first: the slot may count on it.
 */
async function settle({
  level,
  sentinel,
  state,
  redo,
}: {
  level: KeyValueStore;
  sentinel: RaftSentinel;
  state: EncodedState;
  redo: SlotContent['redo'];
}): Promise<void> {
  await level.batch([{ type: 'put', key: stateKey, value: state.bytes }], { sync: true });
  await sentinel.write({ state, redo });
}

/** What the slot of the present state carries; nothing when only the store had that state, and so has its records. */
function redoOf(verdict: RecoveryVerdict, slot: SlotContent): SlotContent['redo'] {
  switch (verdict.type) {
    case 'agree':
      return slot.redo;
    case 'redo':
      return verdict.redo;
    case 'write-slot':
      return undefined;
    default:
      return assertUnreachable(verdict);
  }
}

async function readState(level: KeyValueStore): Promise<Result<EncodedState, RaftDamage>> {
  const bytes = await orDamage('the key-value store cannot read the state record', () => level.get(stateKey));
  if (!bytes.ok) return bytes;
  if (bytes.value === undefined) return refusedAsDamaged('the state record is missing');
  const state = decodeState(bytes.value);
  return state.ok ? state : refusedAsDamaged(state.problem);
}

/** Nothing that matters: entries that a snapshot covers. Need not be durable, a later start drops them again. */
async function dropKeys(level: KeyValueStore, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += surplusKeysPerBatchMax) {
    const batch = keys.slice(at, at + surplusKeysPerBatchMax);
    await level.batch(
      batch.map((key) => ({ type: 'remove', key })),
      { sync: false },
    );
  }
}

/** Damage that the key-value store itself noticed. A fault that may pass goes on as one: nobody gives up a voter for it. */
async function orDamage<Value>(what: string, read: () => Promise<Value>): Promise<Result<Value, RaftDamage>> {
  try {
    return ok(await read());
  } catch (cause) {
    if (!(cause instanceof StoreDamageError)) throw cause;
    return refusedAsDamaged(what, { cause: describeCauses(cause) });
  }
}

function describeCauses(cause: unknown): string {
  return cause instanceof Error && cause.cause !== undefined
    ? `${cause.message}: ${describeCauses(cause.cause)}`
    : String(cause);
}
