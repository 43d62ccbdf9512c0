/**
 * Which tables of a LevelDB folder are in use, by its manifest.
 *
 * A manifest is a log of edits: blocks of 32 KiB, in them fragments (crc 4, length 2, kind 1, bytes), and an edit is
 * one or more fragments. Reads only what it needs and gives up, with undefined, at anything that it does not
 * expect: judging a damaged manifest is left to LevelDB, which checks it well.
 */
import { LevelBytes, maskedCrcOf } from './level-bytes.ts';

export interface LiveTable {
  readonly number: number;
  readonly sizeBytes: number;
}

const blockBytes = 32 * 1024;
const fragmentHeadBytes = 7;

type Tables = Map<number, LiveTable>;

/** What an edit says, by its tags. */
const readersByTag: ReadonlyMap<number, (bytes: LevelBytes, live: Tables) => void> = new Map([
  [1, (bytes) => void bytes.takePrefixed()], // the name of the comparator
  [2, (bytes) => void bytes.varint()], // the number of the log
  [3, (bytes) => void bytes.varint()], // the next number of a file
  [4, (bytes) => void bytes.varint()], // the last sequence number
  [5, skipLevelAndKey], // where the next compaction of a level begins
  [6, removeTable],
  [7, addTable],
  [9, (bytes) => void bytes.varint()], // the number of the log before
]);

export function liveTablesOfLevelManifest(manifest: Uint8Array): readonly LiveTable[] | undefined {
  const edits = editsOf(Buffer.from(manifest));
  const live: Tables = new Map();
  for (const edit of edits ?? []) if (!applyEdit(live, edit)) return undefined;
  return edits === undefined ? undefined : [...live.values()];
}

/** The fragments put together again. The last edit may be missing its end: it then never counted. */
function editsOf(manifest: Buffer): readonly Buffer[] | undefined {
  const edits: Buffer[] = [];
  let fragments: Buffer[] = [];
  for (let at = 0; at + fragmentHeadBytes <= manifest.length;) {
    const leftInBlock = blockBytes - (at % blockBytes);
    if (leftInBlock < fragmentHeadBytes) {
      at += leftInBlock;
      continue;
    }
    const end = at + fragmentHeadBytes + manifest.readUInt16LE(at + 4);
    const kind = manifest.readUInt8(at + 6);
    if (end > manifest.length) return edits;
    if (manifest.readUInt32LE(at) !== maskedCrcOf(manifest.subarray(at + 6, end))) return undefined;
    fragments.push(manifest.subarray(at + fragmentHeadBytes, end));
    // 1: the whole edit; 2, 3, 4: its first, a middle and its last fragment.
    if (kind === 1 || kind === 4) {
      edits.push(Buffer.concat(fragments));
      fragments = [];
    }
    at = end;
  }
  return edits;
}

/** False when the edit cannot be read. */
function applyEdit(live: Tables, edit: Buffer): boolean {
  const bytes = new LevelBytes(edit);
  while (!bytes.atEnd) {
    const read = readersByTag.get(bytes.varint());
    if (read === undefined) return false;
    read(bytes, live);
  }
  return bytes.sound;
}

function skipLevelAndKey(bytes: LevelBytes): void {
  bytes.varint();
  bytes.takePrefixed();
}

function removeTable(bytes: LevelBytes, live: Tables): void {
  bytes.varint();
  live.delete(bytes.varint());
}

function addTable(bytes: LevelBytes, live: Tables): void {
  bytes.varint();
  const table = { number: bytes.varint(), sizeBytes: bytes.varint() };
  // Its smallest and its largest key.
  bytes.takePrefixed();
  bytes.takePrefixed();
  live.set(table.number, table);
}
