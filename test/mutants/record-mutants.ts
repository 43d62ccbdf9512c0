/**
 * Planted bugs of batches: RB, and the catalogue's X56. What each breaks is the name of a test, or a part of one.
 */
import type { Mutant } from './mutant.ts';

const layout = 'src/record/batch-layout.ts';
const header = 'src/record/batch-header.ts';
const frame = 'src/record/batch-frame.ts';
const encoder = 'src/record/batch-encoder.ts';
const writer = 'src/record/record-writer.ts';
const cursor = 'src/record/record-cursor.ts';
const produced = 'src/record/produced-batch.ts';
const opening = 'src/record/open-records.ts';

interface Plan extends Pick<Mutant, 'id' | 'bug' | 'file' | 'find' | 'replace' | 'breaks'> {
  /** The file in test/record that is to kill it, without its ending. */
  readonly by: string;
}

const plans: readonly Plan[] = [
  {
    id: 'X56',
    by: 'batch-frame',
    bug: 'zeros at the end of a file are a batch',
    file: frame,
    find: "if (isZeros(borrowedBytes, at)) return refused({ type: 'zeros' });",
    replace:
      'if (available >= batchHeaderBytes && isZeros(borrowedBytes, at)) return ok(new BatchHeader(borrowedBytes, at));',
    breaks: /space that was reserved and never written is no batch/,
  },
  {
    id: 'RB01',
    by: 'produced-batch',
    bug: 'the broker does not look at the checksum',
    file: produced,
    find: "return header.checksumMatches() ? undefined : { type: 'checksum-mismatch' };",
    replace: 'return undefined;',
    breaks: /a batch that was damaged on its way/,
  },
  {
    id: 'RB02',
    by: 'produced-batch',
    bug: 'bytes behind a batch get in with it',
    file: produced,
    find: 'if (sizeBytes !== givenBytes)',
    replace: 'if (sizeBytes > givenBytes)',
    breaks: /a batch that is not exactly as long as it says/,
  },
  {
    id: 'RB03',
    by: 'produced-batch',
    bug: 'anybody writes into a transaction',
    file: produced,
    find: 'if (header.isTransactional && !rules.mayBeTransactional)',
    replace: 'if (header.isTransactional && !header.isTransactional)',
    breaks: /a transaction or a marker from somebody who is not entitled to it/,
  },
  {
    id: 'RB04',
    by: 'produced-batch',
    bug: 'anybody writes markers of transactions',
    file: produced,
    find: 'if (header.isControl && !rules.mayBeControl)',
    replace: 'if (header.isControl && !header.isControl)',
    breaks: /a transaction or a marker from somebody who is not entitled to it/,
  },
  {
    id: 'RB05',
    by: 'produced-batch',
    bug: 'a small batch takes two thousand million offsets',
    file: produced,
    find: 'return isRight && recordCount * recordBytesMin <= recordsBytesMax',
    replace: 'return isRight && recordsBytesMax > 0',
    breaks: /a count that is not that of its offsets, is nothing, or is more than its bytes can hold/,
  },
  {
    id: 'RB06',
    by: 'produced-batch',
    bug: 'a time of the year 3000 poisons lookups and retention',
    file: produced,
    find: 'maxTimestampMs - nowMs <= aheadMsMax && ',
    replace: 'aheadMsMax >= 0 && ',
    breaks: /times that no producer has/,
  },
  {
    id: 'RB07',
    by: 'produced-batch',
    bug: 'bits without a meaning are kept for the release that gives them one',
    file: produced,
    find: "if ((attributes & attribute.reservedMask) !== 0) return { type: 'reserved-attributes', attributes };",
    replace: '',
    breaks: /an attribute that means nothing, or that only brokers set/,
  },
  {
    id: 'RB08',
    by: 'golden',
    bug: 'what the leader stamps is under the checksum',
    file: layout,
    find: 'export const checksummedFrom = position.attributes;',
    replace: 'export const checksummedFrom = position.leaderEpoch;',
    breaks: /what Kafka’s client wrote with codec none is read|our encoder writes the same bytes as Kafka’s client/,
  },
  {
    id: 'RB09',
    by: 'batch-header',
    bug: 'the time of the append is stamped under the old checksum',
    file: header,
    find: 'this.#fields.setUint32(position.checksum, this.#computeChecksum());',
    replace: '',
    breaks: /the time of the append replaces the producer’s under a new checksum/,
  },
  {
    id: 'RB10',
    by: 'batch-header',
    bug: 'an offset beyond 2^53 is rounded to that of another record',
    file: 'src/record/int64.ts',
    find: 'return Number.isSafeInteger(value) ? value : Number.NaN;',
    replace: 'return value;',
    breaks: /an offset beyond 2\^53-1 is never rounded/,
  },
  {
    id: 'RB11',
    by: 'record-cursor',
    bug: 'null is written as empty',
    file: writer,
    find: 'if (field === null) return writeVarint(buffer, start, -1);',
    replace: 'if (field === null) return writeVarint(buffer, start, 0);',
    breaks: /null, empty, and the text null stay different/,
  },
  {
    id: 'RB12',
    by: 'record-cursor',
    bug: 'empty is read as null',
    file: cursor,
    find: 'return bytes === nullLength ? null :',
    replace: 'return bytes <= 0 ? null :',
    breaks: /null, empty, and the text null stay different/,
  },
  {
    id: 'RB13',
    by: 'record-cursor',
    bug: 'a record that is longer than its letters is not moved for the longer length',
    file: writer,
    find: 'const shift = bodyBytes === bodyGuess ? 0 : sizeOfLength(bodyBytes) - lengthGuess;',
    replace: 'const shift = 0;',
    breaks: /what a producer wrote is what a consumer reads/,
  },
  {
    id: 'RB14',
    by: 'batch-encoder',
    bug: 'letters are counted where bytes are meant',
    file: writer,
    find: 'const exact = lengthGuess + bodyGuess + extraBytes(record, bodyGuess);',
    replace: 'const exact = lengthGuess + bodyGuess;',
    breaks: /the size says before the end|a record is taken exactly when the batch stays within its bound/,
  },
  {
    id: 'RB15',
    by: 'batch-encoder',
    bug: 'the latest time of a batch is that of its last record',
    file: encoder,
    find: 'if (isFirst || timestampMs > this.#maxTimestampMs)',
    replace: 'if (isFirst || timestampMs >= 0)',
    breaks: /times may go back within a batch/,
  },
  {
    id: 'RB16',
    by: 'batch-encoder',
    bug: 'an owned batch is overwritten by the next one',
    file: encoder,
    find: 'return Uint8Array.from(this.finishBorrowed(identity));',
    replace: 'return this.finishBorrowed(identity);',
    breaks: /one encoder makes batch after batch, and only owned ones stay what they were/,
  },
  {
    id: 'RB17',
    by: 'record-cursor',
    bug: 'one offset is given to two records',
    file: cursor,
    find: 'offsetDelta <= this.#offsetDelta || ',
    replace: '',
    breaks: /garbage inside a valid checksum costs the records from there on/,
  },
  {
    id: 'RB18',
    by: 'record-cursor',
    bug: 'bytes behind the last record are passed over in silence',
    file: cursor,
    find: "if (isLast && end !== this.#bytes.length) return 'the last record does not end where the batch does';",
    replace: 'if (isLast && end < 0) return undefined;',
    breaks: /a batch whose count does not fit its records is garbage/,
  },
  {
    id: 'RB19',
    by: 'record-cursor',
    bug: 'the time of the append does not hold for the records',
    file: cursor,
    find: 'this.#appendTimeMs ?? this.#baseTimestampMs + timestampDelta',
    replace: 'this.#baseTimestampMs + timestampDelta',
    breaks: /the time of the append holds for every record/,
  },
  {
    id: 'RB20',
    by: 'keyed-records',
    bug: 'an empty key is none',
    file: cursor,
    find: 'return this.#keyBytes !== nullLength;',
    replace: 'return this.#keyBytes > 0;',
    breaks: /a compacted topic takes records with keys, empty ones among them/,
  },
  {
    id: 'RB21',
    by: 'codecs',
    bug: 'the size of a gzip bomb is looked at when it has gone off',
    file: 'src/record/zlib-codec.ts',
    find: 'decompress: (borrowedBytes, maxOutputLength) => caught(() => zlib.gunzipSync(borrowedBytes, { maxOutputLength })),',
    replace: `decompress: (borrowedBytes, maxOutputLength) => {
    const all = caught(() => zlib.gunzipSync(borrowedBytes));
    return all.ok && all.value.length > maxOutputLength ? refused('too-large') : all;
  },`,
    breaks: /a bomb is given up at the bound/,
  },
  {
    id: 'RB22',
    by: 'codecs',
    bug: 'LZ4 and Snappy get as much room as they ask for',
    file: 'src/record/decompressed-bytes.ts',
    find: 'const wanted = Math.min(this.#end + count, this.#bytesMax);',
    replace: 'const wanted = this.#end + count;',
    breaks: /the bound is exact|a bomb is given up at the bound/,
  },
  {
    id: 'RB23',
    by: 'codecs',
    bug: 'Zstandard gets more room than the bound',
    file: 'src/record/zstd-wasm.ts',
    find: 'const targetBytes = Math.min(room, bytesMax);',
    replace: 'const targetBytes = room;',
    breaks: /the bound is exact/,
  },
  {
    id: 'RB24',
    by: 'hostile-batches',
    bug: 'what a batch decompresses to is bounded by its own size alone',
    file: opening,
    find: 'const bytesMax = Math.min(limits.bytesMax, Math.max(limits.freeBytes, payload.length * limits.ratioMax));',
    replace: 'const bytesMax = Math.max(payload.length, 1) * 10_000;',
    breaks: /a small batch that decompresses far is given up at the bound/,
  },
  {
    id: 'RB25',
    by: 'codecs',
    bug: 'LZ4 copies what stands before its output',
    file: 'src/record/lz4-block.ts',
    find: 'if (distance === 0 || distance > to - windowStart)',
    replace: 'if (distance === 0)',
    breaks: /a copy of what was never written is refused/,
  },
  {
    id: 'RB26',
    by: 'codecs',
    bug: 'Snappy copies what stands before its output',
    file: 'src/record/snappy-block.ts',
    find: 'if (distance === 0 || distance > to - start || bytes > end - to)',
    replace: 'if (distance === 0 || bytes > end - to)',
    breaks: /a copy of what was never written is refused/,
  },
  {
    id: 'RB27',
    by: 'codecs',
    bug: 'a Zstandard that cannot read its own frames is used',
    file: 'src/record/batch-codec.ts',
    find: 'isKnown(found, knownFrame) && isKnown(found, found.compress(knownBytes))',
    replace: 'found !== undefined',
    breaks: /Zstandard comes from the first source that can be trusted/,
  },
];

export const recordMutants: readonly Mutant[] = plans.map(({ by, ...plan }) => ({
  ...plan,
  tests: [`test/record/${by}.test.ts`],
}));
