/**
 * Public messages keep their values across the wire, and values that no domain type holds are refused by field.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterId, directoryId, voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { ok } from '../../src/base/result.ts';
import { decodeErrorDetails, encodeErrorDetails } from '../../src/wire/error-details.ts';
import { google, odradek } from '../../src/wire/generated/messages.js';
import {
  describedQuorumCodec,
  quorumReplyCodec,
  type QuorumReply,
  type VoterReply,
} from '../../src/wire/quorum-messages.ts';
import { serverInfoCodec } from '../../src/wire/server-info-messages.ts';

const position = fc.oneof(fc.nat(1000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
const voter = fc.integer({ min: 1, max: 2 ** 31 - 1 }).map(voterId);
const uniqueId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined });

const voterReplies: fc.Arbitrary<VoterReply> = fc.record({
  voterId: voter,
  directoryId: maybe(uniqueId.map(directoryId)),
  peerEndpoint: fc.string(),
  apiEndpoint: fc.string(),
  matchedIndex: maybe(position.map(logIndex)),
  lastContactMs: maybe(position),
});
const quorumReplies: fc.Arbitrary<QuorumReply> = fc.record({
  clusterId: maybe(uniqueId.map(clusterId)),
  voterId: voter,
  leaderId: maybe(voter),
  term: position.map(term),
  role: fc.constantFrom('follower', 'candidate', 'leader'),
  firstIndex: position.map(logIndex),
  lastIndex: position.map(logIndex),
  commitIndex: position.map(logIndex),
  committedChain: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  voters: fc.array(voterReplies, { maxLength: 5 }),
});

test('every quorum reply comes back as it was sent', () => {
  fc.assert(
    fc.property(quorumReplies, (reply) => {
      for (const codec of [quorumReplyCodec, describedQuorumCodec])
        expect(codec.decode(codec.encode(reply))).toEqual(ok(reply));
    }),
  );
});

test('error details come back as they were sent', () => {
  const details = fc.record({
    statusCode: fc.integer({ min: 1, max: 16 }),
    message: fc.string(),
    reason: fc.string(),
    metadata: fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      fc.string(),
      { noNullPrototype: true },
    ),
    retryAfterMs: maybe(fc.integer({ min: 1, max: 100_000 })),
    violations: fc.array(fc.record({ field: fc.string(), description: fc.string() }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(details, (sent) => {
      const received = decodeErrorDetails(encodeErrorDetails(sent));
      expect(received.ok && { ...received.value, metadata: { ...received.value.metadata } }).toEqual(sent);
    }),
  );
});

test('no bytes make a decoder throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const codec of [quorumReplyCodec, serverInfoCodec]) expect(typeof codec.decode(bytes).ok).toBe('boolean');
      expect(typeof decodeErrorDetails(bytes).ok).toBe('boolean');
    }),
    { numRuns: 1000 },
  );
});

const good = { nodeId: 1, role: odradek.v1.QuorumRole.QUORUM_ROLE_LEADER };

test.each([
  ['term', { ...good, term: -1 }],
  ['term', { ...good, term: 2 ** 60 }],
  ['commit_index', { ...good, commitIndex: 2 ** 53 }],
  ['node_id', { ...good, nodeId: 0 }],
  ['leader_id', { ...good, leaderId: -3 }],
  ['cluster_id', { ...good, clusterId: 'blue' }],
  ['role', { ...good, role: 77 as odradek.v1.QuorumRole }],
  ['voters.node_id', { ...good, voters: [{}] }],
  ['voters.matched_index', { ...good, voters: [{ nodeId: 1, matchedIndex: -1 }] }],
])('a quorum reply with an impossible %s is refused by that name', (field, message) => {
  const decoded = quorumReplyCodec.decode(odradek.v1.GetQuorumResponse.encode(message).finish());
  expect(decoded).toMatchObject({ ok: false, problem: { type: 'undecodable' } });
  expect(decoded.ok ? '' : decoded.problem.why).toMatch(new RegExp(`^${field} is `));
});

test('error details with damaged parts are refused, and unknown parts are passed over', () => {
  const encode = (type: string, value: Uint8Array): Uint8Array =>
    google.rpc.Status.encode({ code: 3, message: 'no', details: [{ type_url: type, value }] }).finish();
  const damaged = encode('type.googleapis.com/google.rpc.ErrorInfo', Uint8Array.of(0x0a, 0x50));
  expect(decodeErrorDetails(damaged).ok).toBe(false);
  const unknown = decodeErrorDetails(encode('type.googleapis.com/google.rpc.Help', Uint8Array.of(0x0a, 0x50)));
  expect(unknown).toMatchObject({ ok: true, value: { reason: '', message: 'no' } });
});
