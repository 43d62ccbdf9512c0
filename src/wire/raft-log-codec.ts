/**
 * What voters agree on, as bytes: entries, voter sets, founding sets, snapshot metadata. A wire and a disk format.
 */
import { assertUnreachable } from '../base/assert.ts';
import { clusterIdFromOutside, directoryIdFromOutside, voterIdFromOutside } from '../base/ids.ts';
import { logIndexFromOutside, termFromOutside } from '../base/raft-position.ts';
import type { Codec } from '../ports/codec.ts';
import type { FoundingSet } from '../raft/founding-set.ts';
import type { Entry, EntryPayload, LogPosition, SnapshotMetadata, Voter } from '../raft/raft-entry.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';

const wire = odradek.internal.v1;
type WireVoter = odradek.internal.v1.RaftVoter.$Properties;
type WireVoterSet = odradek.internal.v1.RaftVoterSet.$Properties;
type WirePayload = odradek.internal.v1.RaftPayload.$Properties;
type WireEntry = odradek.internal.v1.RaftEntry.$Properties;
type WirePosition = odradek.internal.v1.RaftPosition.$Properties;
type WireSnapshot = odradek.internal.v1.RaftSnapshotMetadata.$Properties;
type WireFoundingSet = odradek.internal.v1.FoundingSet.$Properties;

export const entryPayloadCodec: Codec<EntryPayload> = {
  encode: (payload) => wire.RaftPayload.encode(payloadToWire(payload)).finish(),
  decode: (ownedBytes) => decodeMessage(wire.RaftPayload, ownedBytes, payloadFromWire),
};

export const foundingSetCodec: Codec<FoundingSet> = {
  encode: (set) => wire.FoundingSet.encode(foundingSetToWire(set)).finish(),
  decode: (ownedBytes) => decodeMessage(wire.FoundingSet, ownedBytes, foundingSetFromWire),
};

export const snapshotMetadataCodec: Codec<SnapshotMetadata> = {
  encode: (snapshot) => wire.RaftSnapshotMetadata.encode(snapshotToWire(snapshot)).finish(),
  decode: (ownedBytes) => decodeMessage(wire.RaftSnapshotMetadata, ownedBytes, snapshotFromWire),
};

export function voterToWire(voter: Voter): WireVoter {
  return { ...voter };
}

export function voterFromWire(message: WireVoter | null | undefined): Voter {
  return {
    voterId: must('voter_id', voterIdFromOutside(message?.voterId)),
    directoryId: must('directory_id', directoryIdFromOutside(message?.directoryId ?? '')),
    peerEndpoint: message?.peerEndpoint ?? '',
    apiEndpoint: message?.apiEndpoint ?? '',
  };
}

export function entryToWire(entry: Entry): WireEntry {
  return { index: entry.index, term: entry.term, payload: payloadToWire(entry.payload) };
}

export function entryFromWire(message: WireEntry): Entry {
  return {
    index: must('entry.index', logIndexFromOutside(message.index ?? 0)),
    term: must('entry.term', termFromOutside(message.term ?? 0)),
    payload: payloadFromWire(message.payload ?? {}),
  };
}

export function positionToWire(position: LogPosition): WirePosition {
  return { index: position.index, term: position.term };
}

export function positionFromWire(field: string, message: WirePosition | null | undefined): LogPosition {
  return {
    index: must(`${field}.index`, logIndexFromOutside(message?.index ?? 0)),
    term: must(`${field}.term`, termFromOutside(message?.term ?? 0)),
  };
}

export function snapshotToWire(snapshot: SnapshotMetadata): WireSnapshot {
  return {
    lastIndex: snapshot.lastIndex,
    lastTerm: snapshot.lastTerm,
    voters: votersToWire(snapshot.voters),
    committedChain: snapshot.committedChain,
  };
}

export function snapshotFromWire(message: WireSnapshot | null | undefined): SnapshotMetadata {
  return {
    lastIndex: must('snapshot.last_index', logIndexFromOutside(message?.lastIndex ?? 0)),
    lastTerm: must('snapshot.last_term', termFromOutside(message?.lastTerm ?? 0)),
    voters: votersFromWire(message?.voters),
    committedChain: message?.committedChain ?? 0,
  };
}

export function foundingSetToWire(set: FoundingSet): WireFoundingSet {
  return { clusterId: set.clusterId, voters: set.voters.map(voterToWire) };
}

/** Form only: whether the hash is right is checkFoundingSet's. */
export function foundingSetFromWire(message: WireFoundingSet): FoundingSet {
  return {
    clusterId: must('cluster_id', clusterIdFromOutside(message.clusterId ?? '')),
    voters: (message.voters ?? []).map(voterFromWire),
  };
}

function votersToWire(voters: readonly Voter[]): WireVoterSet {
  return { voters: voters.map(voterToWire) };
}

function votersFromWire(message: WireVoterSet | null | undefined): readonly Voter[] {
  return (message?.voters ?? []).map(voterFromWire);
}

function payloadToWire(payload: EntryPayload): WirePayload {
  switch (payload.type) {
    case 'no-op':
      return { noOp: {} };
    case 'command':
      return { command: payload.bytes };
    case 'voters':
      return { voters: votersToWire(payload.voters) };
    default:
      return assertUnreachable(payload);
  }
}

function payloadFromWire(message: WirePayload): EntryPayload {
  if (message.noOp) return { type: 'no-op' };
  if (message.command) return { type: 'command', bytes: message.command };
  if (message.voters) return { type: 'voters', voters: votersFromWire(message.voters) };
  return unreadable('payload', undefined, 'a payload that this release knows');
}
