/**
 * The one record that says what the raft store holds; every synced batch writes it anew, so that term, vote,
 * truncation and entries become durable together or not at all.
 *
 *   crc32c 4 | version 1 | sequence 8 | crc of the state before 4 | directory id 16
 *   | term 8 | voted for 4 (0: nobody)
 *   | log start: index 8, term 8, chain 4 | log last: index 8, term 8, chain 4
 *   | snapshot: there 1, index 8, term 8, chain 4, size 8, content crc 4
 *
 * The sequence counts batches. With the checksum of the state before it, a state can be told from one of another
 * history with the same number.
 */
import { assert } from '../base/assert.ts';
import { directoryId, nodeIdFromOutside, voterId, type DirectoryId, type VoterId } from '../base/ids.ts';
import { indexZero, logIndex, term, termZero, type LogIndex, type Term } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { crc32c } from '../record/crc32c.ts';
import { ByteReader, ByteWriter } from './raft-bytes.ts';

/** Never goes back: the term only grows, and within a term the vote is given once. */
export interface RaftHardState {
  readonly term: Term;
  readonly votedFor: VoterId | undefined;
}

/** A place in the log and the chain over everything up to and including it. */
export interface LogPlace {
  readonly index: LogIndex;
  readonly term: Term;
  readonly chain: number;
}

/** Which snapshot file is the valid one: the place it covers the log up to, and what its bytes must be. */
export interface SnapshotPointer {
  readonly place: LogPlace;
  readonly sizeBytes: number;
  readonly contentCrc: number;
}

/** What a voter must not forget, apart from the entries themselves. */
export interface RaftFacts {
  readonly hardState: RaftHardState;
  /** The entry before the first one in the log; zeros when the log begins at index 1. */
  readonly logStart: LogPlace;
  /** The last entry; equal to `logStart` when the log is empty. */
  readonly logLast: LogPlace;
  readonly snapshot: SnapshotPointer | undefined;
}

export interface RaftState extends RaftFacts {
  readonly sequence: number;
  /** Checksum of the state before this one; 0 for the first. */
  readonly previousCrc: number;
  readonly directoryId: DirectoryId;
}

/** A state and its bytes. Two states are the same when their bytes are. */
export interface EncodedState {
  readonly state: RaftState;
  readonly bytes: Uint8Array;
  readonly crc: number;
}

const stateRecordVersion = 1;
const checksummedFrom = 4;
export const stateRecordBytes = 118;

export const logBeginning: LogPlace = { index: indexZero, term: termZero, chain: 0 };

export const factsOfNewStore: RaftFacts = {
  hardState: { term: termZero, votedFor: undefined },
  logStart: logBeginning,
  logLast: logBeginning,
  snapshot: undefined,
};

export function encodeState(state: RaftState): EncodedState {
  assertHoldsTogether(state);
  const writer = new ByteWriter(stateRecordBytes)
    .uint32(0)
    .uint8(stateRecordVersion)
    .position(state.sequence)
    .uint32(state.previousCrc)
    .uniqueId(state.directoryId)
    .position(state.hardState.term)
    .uint32(state.hardState.votedFor ?? 0);
  writePlace(writer, state.logStart);
  writePlace(writer, state.logLast);
  const { snapshot } = state;
  writer.uint8(snapshot === undefined ? 0 : 1);
  writePlace(writer, snapshot?.place ?? logBeginning);
  writer.position(snapshot?.sizeBytes ?? 0).uint32(snapshot?.contentCrc ?? 0);
  const bytes = writer.finish();
  const crc = crc32c(bytes.subarray(checksummedFrom));
  new DataView(bytes.buffer).setUint32(0, crc);
  return { state, bytes, crc };
}

/** Keeps `ownedBytes`. Says in a sentence what is wrong. */
export function decodeState(ownedBytes: Uint8Array): Result<EncodedState, string> {
  if (ownedBytes.length !== stateRecordBytes) return refused('the state record has the wrong length');
  const reader = new ByteReader(ownedBytes);
  const crc = reader.uint32();
  if (crc !== crc32c(ownedBytes.subarray(checksummedFrom)))
    return refused('the checksum of the state record does not match its bytes');
  if (reader.uint8() !== stateRecordVersion)
    return refused('the state record has a version that this release does not know');
  const sequence = reader.position();
  const previousCrc = reader.uint32();
  const directory = directoryId(reader.uniqueId());
  const hardTerm = term(reader.position());
  const voter = reader.uint32();
  const logStart = readPlace(reader);
  const logLast = readPlace(reader);
  const snapshot = readSnapshot(reader);
  if (!reader.sound) return refused('the state record holds a number beyond 2^53-1');
  if (voter !== 0 && !nodeIdFromOutside(voter).ok) return refused('the state record names an impossible voter');
  const hardState = { term: hardTerm, votedFor: voter === 0 ? undefined : voterId(voter) };
  const state = { sequence, previousCrc, directoryId: directory, hardState, logStart, logLast, snapshot };
  return ok({ state, bytes: ownedBytes, crc });
}

/** Checked whenever a state is made, so that no bug elsewhere becomes durable. */
function assertHoldsTogether({ hardState, logStart, logLast, snapshot }: RaftFacts): void {
  const covered = snapshot?.place.index ?? indexZero;
  assert(logStart.index <= logLast.index, 'a log starts before it ends', { logStart, logLast });
  assert(logStart.term <= logLast.term, 'terms never go back along a log', { logStart, logLast });
  assert(logLast.term <= hardState.term, 'no entry is of a term that this voter has not reached', { logLast });
  assert(logStart.index <= covered, 'what the log no longer holds, a snapshot covers', { logStart, covered });
  assert(covered <= logLast.index, 'a snapshot covers what the log has held', { logLast, covered });
}

function writePlace(writer: ByteWriter, place: LogPlace): void {
  writer.position(place.index).position(place.term).uint32(place.chain);
}

function readPlace(reader: ByteReader): LogPlace {
  return { index: logIndex(reader.position()), term: term(reader.position()), chain: reader.uint32() };
}

function readSnapshot(reader: ByteReader): SnapshotPointer | undefined {
  const isThere = reader.uint8() === 1;
  const place = readPlace(reader);
  const sizeBytes = reader.position();
  const contentCrc = reader.uint32();
  return isThere ? { place, sizeBytes, contentCrc } : undefined;
}
