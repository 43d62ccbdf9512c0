/**
 * What a raft store must hold, worked out a second time and more simply: plain arrays and no disk.
 */
import { assert } from '../../src/base/assert.ts';
import { voterId } from '../../src/base/ids.ts';
import { logIndex, term, type LogIndex } from '../../src/base/raft-position.ts';
import { crc32c } from '../../src/record/crc32c.ts';
import type { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { chainAfter, type RaftEntryRecord } from '../../src/storage/raft-entry-record.ts';
import type { RaftStore } from '../../src/storage/raft-store.ts';
import type { LogPlace, RaftHardState } from '../../src/storage/raft-state-record.ts';

export interface ModelSnapshot {
  readonly place: LogPlace;
  readonly context: string;
  readonly content: Uint8Array;
}

/** Everything that a voter can learn from its store. */
export interface StoreView {
  readonly hardState: RaftHardState;
  readonly logStart: LogPlace;
  readonly entries: readonly RaftEntryRecord[];
  readonly snapshot: ModelSnapshot | undefined;
}

export const emptyView: StoreView = {
  hardState: { term: term(0), votedFor: undefined },
  logStart: { index: logIndex(0), term: term(0), chain: 0 },
  entries: [],
  snapshot: undefined,
};

export type ModelOperation =
  | {
      readonly type: 'persist';
      readonly hardState: RaftHardState | undefined;
      readonly truncateFrom: LogIndex | undefined;
      readonly entries: readonly RaftEntryRecord[];
    }
  | { readonly type: 'snapshot'; readonly snapshot: ModelSnapshot }
  | { readonly type: 'compact'; readonly upTo: LogIndex }
  | { readonly type: 'install'; readonly snapshot: ModelSnapshot; readonly hardState: RaftHardState | undefined };

export function placeIn(view: StoreView, index: LogIndex): LogPlace {
  let place = view.logStart;
  for (const entry of view.entries) {
    if (place.index === index) break;
    place = { index: entry.index, term: entry.term, chain: chainAfter(place.chain, entry) };
  }
  assert(place.index === index, 'the place is in the log');
  return place;
}

export function lastIndexOf(view: StoreView): LogIndex {
  return view.entries.at(-1)?.index ?? view.logStart.index;
}

export function applyToView(view: StoreView, operation: ModelOperation): StoreView {
  switch (operation.type) {
    case 'persist': {
      const { truncateFrom = Infinity } = operation;
      return {
        ...view,
        hardState: operation.hardState ?? view.hardState,
        entries: [...view.entries.filter(({ index }) => index < truncateFrom), ...operation.entries],
      };
    }
    case 'snapshot':
      return { ...view, snapshot: operation.snapshot };
    case 'compact': {
      const entries = view.entries.filter(({ index }) => index > operation.upTo);
      return { ...view, entries, logStart: placeIn(view, operation.upTo) };
    }
    case 'install': {
      const { snapshot, hardState = view.hardState } = operation;
      return { hardState, logStart: snapshot.place, entries: [], snapshot };
    }
  }
}

export async function performOnStore(store: RaftStore, operation: ModelOperation): Promise<void> {
  switch (operation.type) {
    case 'persist':
      return store.persist(operation);
    case 'compact':
      return store.compact(operation.upTo);
    case 'snapshot': {
      const { place, context, content } = operation.snapshot;
      const writer = await store.beginSnapshot(place.index, asBytes(context));
      await writer.append(content.subarray(0, 100));
      await writer.append(content.subarray(100));
      assert(await store.finishSnapshot(writer), 'nothing overtakes the snapshot');
      return;
    }
    case 'install': {
      const { snapshot, hardState } = operation;
      const { place, content } = snapshot;
      const context = asBytes(snapshot.context);
      const half = content.length >> 1;
      const first = { place, context, offset: 0, bytes: content.subarray(0, half), isLast: false };
      const rest = { place, context, offset: half, bytes: content.subarray(half), isLast: true };
      assert((await store.receiveSnapshotChunk(first)).nextOffset === half, 'the first half is taken');
      assert((await store.receiveSnapshotChunk(rest)).nextOffset === content.length, 'the second half is taken');
      return store.installSnapshot(place.index, hardState);
    }
  }
}

/** Reads all that the store holds, in small pieces. */
export async function viewOf(store: RaftStore): Promise<StoreView> {
  const { hardState, logStart, logLast } = store.takeContent();
  const entries: RaftEntryRecord[] = [];
  for (let from = logStart.index + 1; from <= logLast.index; from = logStart.index + 1 + entries.length) {
    const read = await store.entries({ from: logIndex(from), to: logLast.index, bytesMax: 200 });
    assert(read.length > 0, 'a read makes progress');
    entries.push(...read.map((entry) => ({ ...entry, payload: Uint8Array.from(entry.payload) })));
  }
  return { hardState, logStart, entries, snapshot: await snapshotOf(store) };
}

async function snapshotOf(store: RaftStore): Promise<ModelSnapshot | undefined> {
  if (store.snapshot === undefined) return undefined;
  const { place, context } = store.snapshot;
  const parts: Uint8Array[] = [];
  for (let offset = 0, isLast = false; !isLast;) {
    const chunk = await store.readSnapshotChunk({ snapshotIndex: place.index, offset, bytesMax: 100_000 });
    if (chunk === undefined) throw new Error('the newest snapshot is held');
    parts.push(chunk.bytes);
    offset += chunk.bytes.length;
    isLast = chunk.isLast;
  }
  return { place, context: new TextDecoder().decode(context), content: Uint8Array.from(Buffer.concat(parts)) };
}

export function asBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One operation that Raft could ask for in this state. */
export function drawOperation(view: StoreView, random: SimulatedRandom): ModelOperation {
  const covered = view.snapshot?.place.index ?? 0;
  const last = lastIndexOf(view);
  const kind = random.integerBelow(12);
  if (kind === 0 && last > covered) return { type: 'snapshot', snapshot: drawSnapshot(view, random) };
  if (kind === 1 && covered > view.logStart.index)
    return { type: 'compact', upTo: logIndex(random.integerBetween(view.logStart.index, covered)) };
  if (kind === 2) return drawInstall(view, random);
  return drawPersist(view, random);
}

export function drawPersist(view: StoreView, random: SimulatedRandom): ModelOperation {
  const covered = view.snapshot?.place.index ?? 0;
  const last = lastIndexOf(view);
  const truncates = last > covered && random.chance(0.25);
  const truncateFrom = truncates ? logIndex(random.integerBetween(covered + 1, last)) : undefined;
  const isNewTerm = truncates || random.chance(0.2);
  const hardState = isNewTerm
    ? {
        term: term(view.hardState.term + 1),
        votedFor: random.chance(0.5) ? voterId(random.integerBetween(1, 3)) : undefined,
      }
    : undefined;
  const entryTerm = hardState?.term ?? view.hardState.term;
  const first: number = truncateFrom ?? last + 1;
  const count = random.integerBelow(4);
  const entries = Array.from({ length: count }, (_, at) => ({
    index: logIndex(first + at),
    term: entryTerm,
    payload: patternBytes(random.chance(0.03) ? 70_000 : random.integerBelow(60), random.word()),
  }));
  return { type: 'persist', hardState, truncateFrom, entries };
}

function drawSnapshot(view: StoreView, random: SimulatedRandom): ModelSnapshot {
  const index = random.integerBetween((view.snapshot?.place.index ?? 0) + 1, lastIndexOf(view));
  return { place: placeIn(view, logIndex(index)), context: `voters ${index}`, content: drawContent(random) };
}

function drawInstall(view: StoreView, random: SimulatedRandom): ModelOperation {
  const base = Math.max(view.snapshot?.place.index ?? 0, view.logStart.index);
  const index = logIndex(base + random.integerBetween(1, 6));
  const hardState = random.chance(0.5) ? { term: term(view.hardState.term + 1), votedFor: undefined } : undefined;
  const place = { index, term: hardState?.term ?? view.hardState.term, chain: random.word() };
  return { type: 'install', snapshot: { place, context: 'theirs', content: drawContent(random) }, hardState };
}

/** Rarely more than one chunk; all bytes depend on one drawn number. */
function drawContent(random: SimulatedRandom): Uint8Array {
  return patternBytes(random.pick([0, 1, 99, 99, 3000, 3000, 3000, 262_144, 300_000]), random.word());
}

function patternBytes(length: number, start: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, word = start; at < length; at += 1, word = (word * 69_069 + 1) >>> 0) bytes[at] = word >>> 24;
  return bytes;
}

/** Equal for equal views; short, because it is compared thousands of times. */
export function fingerprintOf(view: StoreView): string {
  const { hardState, logStart, entries, snapshot } = view;
  const log = entries.map(({ index, term, payload }) => [index, term, payload.length, crc32c(payload)]);
  const content = snapshot && [snapshot.place, snapshot.context, snapshot.content.length, crc32c(snapshot.content)];
  return JSON.stringify([hardState, logStart, log, content]);
}
