/**
 * What the metadata puts on disks: an entry of the log, and a snapshot. Formats that stay readable.
 */
import { positionFromOutside } from '../base/brand.ts';
import { logIndexFromOutside } from '../base/raft-position.ts';
import type { AnsweredRequest, MetadataBatch } from '../metadata/metadata-record.ts';
import type { MetadataSnapshot } from '../metadata/metadata-snapshot.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import { answerFromWire, answerToWire } from './metadata-answer-codec.ts';
import { recordFromWire, recordToWire } from './metadata-record-codec.ts';

const wire = odradek.internal.v1;
type WireRequest = odradek.internal.v1.AnsweredRequest.$Properties;

export const metadataBatchCodec: Codec<MetadataBatch> = {
  encode: ({ number, request, records }) =>
    wire.MetadataBatch.encode({
      number,
      ...(request === undefined ? {} : { request: requestToWire(request) }),
      records: records.map(recordToWire),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.MetadataBatch, ownedBytes, ({ number, request, records }) => ({
      number: must('number', positionFromOutside<number>('number of a batch', number)),
      request: request ? requestFromWire(request) : undefined,
      records: records.map(recordFromWire),
    })),
};

export const metadataSnapshotCodec: Codec<MetadataSnapshot> = {
  encode: ({ revision, batchCount, records, requests }) =>
    wire.MetadataSnapshot.encode({
      revision,
      batchCount,
      records: Array.from(records, recordToWire),
      requests: Array.from(requests, (request) => ({ ...requestToWire(request), index: request.index })),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.MetadataSnapshot, ownedBytes, ({ revision, batchCount, records, requests }) => ({
      revision: must('revision', logIndexFromOutside(revision)),
      batchCount: must('batch_count', positionFromOutside<number>('number of batches', batchCount)),
      records: records.map(recordFromWire),
      requests: requests.map((request) => ({
        ...requestFromWire(request),
        index: must('index', logIndexFromOutside(request.index)),
      })),
    })),
};

function requestToWire({ requestId, answer }: AnsweredRequest): WireRequest {
  return { requestId, answer: answerToWire(answer) };
}

function requestFromWire({ requestId, answer }: WireRequest): AnsweredRequest {
  return { requestId: requestId ?? '', answer: answerFromWire(answer ?? {}) };
}
