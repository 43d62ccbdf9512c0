/**
 * Where everything stands in a batch: Kafka's RecordBatch, version 2. All integers are big-endian and, but for the
 * checksum, signed.
 *
 *   0        8        12       16      17       21           23           27          35          43         51
 *   +--------+--------+--------+-------+--------+------------+------------+-----------+-----------+----------+---------
 *   | base   | length | leader | magic | crc32c | attributes | last       | base      | max       | producer | producer
 *   | offset |        | epoch  | (= 2) |        |            | offset     | timestamp | timestamp | id       | epoch
 *   | 8      | 4      | 4      | 1     | 4      | 2          | delta 4    | 8         | 8         | 8        | 2
 *   +--------+--------+--------+-------+--------+------------+------------+-----------+-----------+----------+---------
 *
 *   53         57       61
 *   +----------+--------+--------------------------------------------------------
 *   | base     | record | records, compressed together if attributes name a codec
 *   | sequence | count  |
 *   | 4        | 4      |
 *   +----------+--------+--------------------------------------------------------
 *
 * `length` counts the bytes after itself. The checksum covers everything after itself. What comes before it is the
 * stamped prefix: the leader writes base offset and epoch into the producer's own bytes without a new checksum.
 * The price is that a flipped bit there is not found by it: storage keeps a checksum of each prefix beside the log.
 *
 * Attributes, from the lowest bit:
 *
 *   0-2 codec   3 timestamps are the broker's   4 transactional   5 control   6 has a delete horizon   7-15 zero
 *
 * A record, whose integers are zig-zag varints but for its first byte:
 *
 *   length | attributes 1 (= 0) | timestamp delta | offset delta | key length, key | value length, value |
 *   header count, per header: name length, name, value length, value
 *
 * A length of -1 is null, which is not the same as the empty string. Names of headers are never null.
 */

export const batchHeaderBytes = 61;
/** The bytes that the leader stamps, and the checksum does not cover. */
export const stampedPrefixBytes = 17;
export const batchMagic = 2;

/** What `length` does not count: the base offset and itself. */
export const bytesBeforeLength = 12;

export const position = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  checksum: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

export const checksummedFrom = position.attributes;

export const attribute = {
  codecMask: 0x07,
  appendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
  reservedMask: 0xff80,
} as const;

/** In a batch whose leader has not stamped it yet. */
export const noLeaderEpoch = -1;
/** Producer id, producer epoch and base sequence of a producer that is not idempotent. */
export const noProducer = -1;
