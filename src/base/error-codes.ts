/**
 * The one table of wire errors. Clients, services, docs and tests read these rows; a test holds them equal to
 * odradek.v1.ErrorCode in numbers, names and meanings. Numbers are Kafka's where the meaning is the same.
 */
import type { StatusName } from './status.ts';

/** What a caller does about an error, which is all that most callers need to know. */
export type ErrorAction =
  | 'retry-same' // wait, then send the same request to the same node
  | 'refresh-metadata' // ask who is responsible now, then retry there
  | 'fix-request' // the request itself is wrong
  | 'resolve-outcome' // it may or may not have happened: ask, or repeat an idempotent request
  | 'report'; // a fault that a person should see

interface ErrorRow {
  readonly code: number;
  /** The gRPC status when the whole call fails with this error. */
  readonly status: Exclude<StatusName, 'ok'>;
  readonly action: ErrorAction;
  readonly meaning: string;
}

export const errorCodes = {
  'offset-out-of-range': {
    code: 1,
    status: 'out-of-range',
    action: 'fix-request',
    meaning: 'The log does not hold that place, or not any more.',
  },
  'corrupt-batch': {
    code: 2,
    status: 'invalid-argument',
    action: 'fix-request',
    meaning: 'The bytes are not one whole batch, or their checksum does not match.',
  },
  'unknown-topic': {
    code: 3,
    status: 'not-found',
    action: 'refresh-metadata',
    meaning: 'No topic of that name or id.',
  },
  'leader-not-available': {
    code: 5,
    status: 'unavailable',
    action: 'retry-same',
    meaning: 'The partition has no leader, or one that cannot serve yet.',
  },
  'not-leader': {
    code: 6,
    status: 'failed-precondition',
    action: 'refresh-metadata',
    meaning: 'This broker does not lead the partition; nothing was written.',
  },
  'request-timed-out': {
    code: 7,
    status: 'deadline-exceeded',
    action: 'resolve-outcome',
    meaning: 'The request took longer than its deadline; its outcome is unknown.',
  },
  'message-too-large': {
    code: 10,
    status: 'invalid-argument',
    action: 'fix-request',
    meaning: 'The batch is larger than the topic takes.',
  },
  'invalid-topic': {
    code: 17,
    status: 'invalid-argument',
    action: 'fix-request',
    meaning: "A topic's name is empty, too long, or has a character that names do not have.",
  },
  'not-enough-replicas': {
    code: 19,
    status: 'unavailable',
    action: 'retry-same',
    meaning: 'Fewer replicas are in sync than the topic asks for; nothing was written.',
  },
  'invalid-timestamp': {
    code: 32,
    status: 'invalid-argument',
    action: 'fix-request',
    meaning: "The times of the batch are too far from the broker's clock.",
  },
  'topic-already-exists': {
    code: 36,
    status: 'already-exists',
    action: 'fix-request',
    meaning: 'A topic of that name exists.',
  },
  'invalid-partitions': {
    code: 37,
    status: 'invalid-argument',
    action: 'fix-request',
    meaning: 'The number of partitions is not one that the topic can have.',
  },
  'invalid-replication-factor': {
    code: 38,
    status: 'failed-precondition',
    action: 'fix-request',
    meaning: 'There are not enough brokers for that many replicas.',
  },
  'invalid-replica-assignment': {
    code: 39,
    status: 'failed-precondition',
    action: 'fix-request',
    meaning: 'The brokers named for a partition cannot keep it.',
  },
  'invalid-config': {
    code: 40,
    status: 'invalid-argument',
    action: 'fix-request',
    meaning: 'A config does not exist, cannot be set there, or does not take that value.',
  },
  'not-controller': {
    code: 41,
    status: 'unavailable',
    action: 'retry-same',
    meaning: 'This node does not lead the metadata quorum and knows no leader to forward to.',
  },
  'invalid-request': {
    code: 42,
    status: 'invalid-argument',
    action: 'fix-request',
    meaning: 'A field of the request has a value that is never allowed.',
  },
  'out-of-order-sequence': {
    code: 45,
    status: 'failed-precondition',
    action: 'report',
    meaning: 'The batch is not the one that comes next from its producer.',
  },
  'duplicate-sequence': {
    code: 46,
    status: 'already-exists',
    action: 'resolve-outcome',
    meaning: 'The batch was written so long ago that its offset is forgotten.',
  },
  'fenced-producer-epoch': {
    code: 47,
    status: 'failed-precondition',
    action: 'report',
    meaning: 'Another producer of the same id took over.',
  },
  'storage-error': {
    code: 56,
    status: 'unavailable',
    action: 'refresh-metadata',
    meaning: 'The disk of this replica cannot be read or written.',
  },
  'unknown-producer': {
    code: 59,
    status: 'failed-precondition',
    action: 'report',
    meaning: 'Nothing is known of the producer that the batch names.',
  },
  'fenced-leader-epoch': {
    code: 74,
    status: 'failed-precondition',
    action: 'refresh-metadata',
    meaning: 'The request was made under an older leadership.',
  },
  'unknown-leader-epoch': {
    code: 75,
    status: 'unavailable',
    action: 'retry-same',
    meaning: 'The request was made under a leadership that this broker has not heard of yet.',
  },
  'unsupported-compression': {
    code: 76,
    status: 'invalid-argument',
    action: 'fix-request',
    meaning: 'The batch is compressed in a way that no reader would know.',
  },
  'stale-broker-epoch': {
    code: 77,
    status: 'failed-precondition',
    action: 'refresh-metadata',
    meaning: "The broker's registration is not the latest of its number; it must register again.",
  },
  'invalid-record': {
    code: 87,
    status: 'invalid-argument',
    action: 'fix-request',
    meaning: 'A field of the batch has a value that producers may not send.',
  },
  'feature-update-failed': {
    code: 96,
    status: 'failed-precondition',
    action: 'fix-request',
    meaning: 'A feature does not exist, or cannot go to that level.',
  },
  'duplicate-broker-registration': {
    code: 101,
    status: 'already-exists',
    action: 'fix-request',
    meaning: 'A live broker holds that number.',
  },
  'broker-not-registered': {
    code: 102,
    status: 'not-found',
    action: 'fix-request',
    meaning: 'No broker of that number is registered.',
  },
  'inconsistent-topic-id': {
    code: 103,
    status: 'failed-precondition',
    action: 'refresh-metadata',
    meaning: 'The topic of that name has another id.',
  },
  'cluster-id-mismatch': {
    code: 104,
    status: 'failed-precondition',
    action: 'fix-request',
    meaning: 'The request names another cluster than the one it reached.',
  },
  'invalid-voter-key': {
    code: 125,
    status: 'failed-precondition',
    action: 'fix-request',
    meaning: 'The request names another voter or storage directory than the one it reached.',
  },
  'duplicate-voter': {
    code: 126,
    status: 'already-exists',
    action: 'fix-request',
    meaning: 'The voter is a member of the quorum already.',
  },
  'voter-not-found': {
    code: 127,
    status: 'not-found',
    action: 'fix-request',
    meaning: 'The quorum has no such voter, or not with that storage directory.',
  },
  'node-starting': {
    code: 1000,
    status: 'unavailable',
    action: 'retry-same',
    meaning: 'The node is starting and cannot answer this yet.',
  },
  'node-stopping': {
    code: 1001,
    status: 'unavailable',
    action: 'refresh-metadata',
    meaning: 'The node is stopping and takes no new requests.',
  },
  'limit-reached': {
    code: 1002,
    status: 'resource-exhausted',
    action: 'retry-same',
    meaning: 'A limit of the node is reached; the message names it.',
  },
  internal: {
    code: 1003,
    status: 'internal',
    action: 'report',
    meaning: 'The node met a fault of its own that the request did not cause.',
  },
  'not-found': {
    code: 1004,
    status: 'not-found',
    action: 'fix-request',
    meaning: 'No such service, method or thing.',
  },
  'voter-change-refused': {
    code: 1005,
    status: 'failed-precondition',
    action: 'retry-same',
    meaning: 'The quorum cannot change its voters now; the message says what stands in the way.',
  },
  'transfer-failed': {
    code: 1006,
    status: 'aborted',
    action: 'retry-same',
    meaning: 'Leadership was not handed over; the old leader goes on.',
  },
  'outcome-unknown': {
    code: 1007,
    status: 'unavailable',
    action: 'resolve-outcome',
    meaning: 'The change was begun and may or may not have been committed; ask, or repeat the same request.',
  },
  'request-id-reused': {
    code: 1008,
    status: 'failed-precondition',
    action: 'fix-request',
    meaning: 'The request id was used for another request.',
  },
  'metadata-behind': {
    code: 1009,
    status: 'unavailable',
    action: 'retry-same',
    meaning: 'The node does not have the metadata that is asked for yet.',
  },
  'revision-conflict': {
    code: 1010,
    status: 'aborted',
    action: 'refresh-metadata',
    meaning: 'It was changed since the revision that the request expects.',
  },
  'offset-not-here': {
    code: 1011,
    status: 'unavailable',
    action: 'refresh-metadata',
    meaning: 'The partition has that offset, and this replica does not.',
  },
  'records-damaged': {
    code: 1012,
    status: 'data-loss',
    action: 'report',
    meaning: 'Records were found to be damaged on this replica; others may have them.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorName = keyof typeof errorCodes;
