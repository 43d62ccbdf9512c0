/**
 * Batches by another program: the encoder and decoder of kafkajs, below its public face, with codecs by native libraries.
 *
 * What it cannot say is left out of the comparison: a header with a null value, and the order between headers of different
 * names once a name repeats. The golden files fill that gap.
 */
import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import snappy from 'snappy';
import type { CodecName } from '../../src/record/batch-codec.ts';
import { codecNumberOf } from '../../src/record/batch-codec.ts';
import { loadZstdWasm } from '../../src/record/zstd-wasm.ts';

export interface KafkajsRecord {
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers: Readonly<Record<string, string | Buffer | readonly (string | Buffer)[]>>;
}

export interface KafkajsBatch {
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly lastOffsetDelta: number;
  readonly partitionLeaderEpoch: number;
  readonly transactional: boolean;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly firstSequence: number;
}

/** What its decoder makes of a batch; the numbers of eight bytes are strings. */
export interface DecodedBatch {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly maxTimestamp: string;
  readonly partitionLeaderEpoch: number;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly records: readonly {
    readonly offset: string;
    readonly timestamp: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: Readonly<Record<string, Buffer | null | readonly (Buffer | null)[]>>;
  }[];
}

interface Encoder {
  readonly buffer: Buffer;
}
interface Codec {
  compress(encoder: Encoder): Promise<Uint8Array>;
  decompress(bytes: Buffer): Promise<Uint8Array>;
}

const load = createRequire(import.meta.url);
const codecs = kafkajs.CompressionCodecs as Record<number, () => Codec>;
const { RecordBatch } = load('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<Encoder>;
};
const encodeRecord = load('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoder;
const decodeBatch = load('kafkajs/src/protocol/recordBatch/v0/decoder') as (decoder: object) => Promise<DecodedBatch>;
const Decoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const Long = load('kafkajs/src/utils/long') as { fromValue(value: string): object };

const zstd = loadZstdWasm();

codecs[codecNumberOf('snappy')] = () => ({
  compress: async ({ buffer }) => snappy.compressSync(buffer),
  decompress: async (bytes) => Buffer.concat(snappyBlocks(bytes)),
});
codecs[codecNumberOf('lz4')] = () => ({
  compress: async ({ buffer }) => compressFrameSync(buffer),
  decompress: async (bytes) => decompressFrameSync(bytes),
});
codecs[codecNumberOf('zstd')] = () => ({
  compress: async ({ buffer }) => Buffer.from(zstd.compress(buffer)),
  decompress: async (bytes) => {
    const read = zstd.decompress(bytes, 16 * 1024 * 1024);
    return read.ok ? Buffer.from(read.value) : Buffer.alloc(0);
  },
});

/** The blocks in the framing of Kafka's clients, by the native library. */
export function snappyBlocks(framed: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 16; at < framed.length; at += 4 + framed.readInt32BE(at))
    blocks.push(
      snappy.uncompressSync(framed.subarray(at + 4, at + 4 + framed.readInt32BE(at)), { asBuffer: true }) as Buffer,
    );
  return blocks;
}

export async function encodeByKafkajs(
  batch: KafkajsBatch,
  records: readonly KafkajsRecord[],
  codec: CodecName,
): Promise<Uint8Array> {
  const encoder = await RecordBatch({
    ...batch,
    compression: codecNumberOf(codec),
    producerId: Long.fromValue(String(batch.producerId)),
    records: records.map(encodeRecord),
  });
  return encoder.buffer;
}

export async function decodeByKafkajs(batch: Uint8Array): Promise<DecodedBatch> {
  return decodeBatch(new Decoder(Buffer.from(batch)));
}
