/**
 * Who is who. Numbers name nodes within a cluster; 16 random bytes, written as 32 hex digits, name what must
 * never be confused over the whole life of the software: clusters and directories.
 */
import { assert } from './assert.ts';
import type { Branded, OutOfRange } from './brand.ts';
import { ok, refused, type Result } from './result.ts';

/** A process of the cluster, voter or broker or both: 1 to 2^31-1. */
export type NodeId = Branded<number, 'NodeId'>;
/** A node in its part as a voter of the metadata quorum. */
export type VoterId = Branded<NodeId, 'VoterId'>;
/** A node in its part as a keeper of partitions. */
export type BrokerId = Branded<NodeId, 'BrokerId'>;
export type ClusterId = Branded<string, 'ClusterId'>;
/** One storage directory. A wiped disk gets a new one, so that it cannot pass for what it has forgotten. */
export type DirectoryId = Branded<string, 'DirectoryId'>;
/** A topic over its whole life. Another topic of the same name, later, has another. */
export type TopicId = Branded<string, 'TopicId'>;
/** One life of a process, from start to end. */
export type IncarnationId = Branded<string, 'IncarnationId'>;

const nodeIdMax = 2 ** 31 - 1;
const uniqueIdPattern = /^[0-9a-f]{32}$/;

function isNodeId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= nodeIdMax;
}

export function nodeId(value: number): NodeId {
  assert(isNodeId(value), 'a node id is a whole number from 1 to 2^31-1', { value });
  return value as NodeId;
}

export function nodeIdFromOutside(value: unknown): Result<NodeId, OutOfRange> {
  return isNodeId(value) ? ok(value as NodeId) : refused({ type: 'out-of-range', what: 'node id', value });
}

export function voterId(value: number): VoterId {
  return nodeId(value) as VoterId;
}

export function voterIdFromOutside(value: unknown): Result<VoterId, OutOfRange> {
  return nodeIdFromOutside(value) as Result<VoterId, OutOfRange>;
}

export function brokerId(value: number): BrokerId {
  return nodeId(value) as BrokerId;
}

export function brokerIdFromOutside(value: unknown): Result<BrokerId, OutOfRange> {
  return nodeIdFromOutside(value) as Result<BrokerId, OutOfRange>;
}

export function clusterId(value: string): ClusterId {
  assert(uniqueIdPattern.test(value), 'a cluster id is 32 hex digits', { value });
  return value as ClusterId;
}

export function clusterIdFromOutside(value: string): Result<ClusterId, OutOfRange> {
  return uniqueIdFromOutside<ClusterId>('cluster id', value);
}

export function directoryId(value: string): DirectoryId {
  assert(uniqueIdPattern.test(value), 'a directory id is 32 hex digits', { value });
  return value as DirectoryId;
}

export function directoryIdFromOutside(value: string): Result<DirectoryId, OutOfRange> {
  return uniqueIdFromOutside<DirectoryId>('directory id', value);
}

export function topicId(value: string): TopicId {
  assert(uniqueIdPattern.test(value), 'a topic id is 32 hex digits', { value });
  return value as TopicId;
}

export function topicIdFromOutside(value: string): Result<TopicId, OutOfRange> {
  return uniqueIdFromOutside<TopicId>('topic id', value);
}

export function incarnationId(value: string): IncarnationId {
  assert(uniqueIdPattern.test(value), 'an incarnation id is 32 hex digits', { value });
  return value as IncarnationId;
}

export function incarnationIdFromOutside(value: string): Result<IncarnationId, OutOfRange> {
  return uniqueIdFromOutside<IncarnationId>('incarnation id', value);
}

function uniqueIdFromOutside<Id extends string>(what: string, value: string): Result<Id, OutOfRange> {
  return uniqueIdPattern.test(value) ? ok(value as Id) : refused({ type: 'out-of-range', what, value });
}

/** Writes 16 random bytes the way ids are written. */
export function uniqueIdFromBytes(bytes: Uint8Array): string {
  assert(bytes.length === 16, 'a unique id is made from 16 bytes', { length: bytes.length });
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
