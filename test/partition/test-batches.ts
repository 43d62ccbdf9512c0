/**
 * Batches for tests, with the bytes of real ones: what they say is in their one record's value.
 */
import { producerId } from '../../src/base/producer-ids.ts';
import { newBatch, type NewBatch } from '../../src/partition/partition-batch.ts';
import { BatchEncoder } from '../../src/record/batch-encoder.ts';

const encoder = new BatchEncoder({ batchBytesTarget: 16_384, batchBytesMax: 65_536 });

export interface TestProducer {
  readonly id: number;
  readonly epoch?: number;
  readonly sequence: number;
}

export function testBatch(text: string, producer?: TestProducer, records = 1): NewBatch {
  for (let at = 0; at < records; at += 1) {
    encoder.append({ key: null, value: records === 1 ? text : `${text}/${at}`, timestampMs: 1 });
  }
  if (producer === undefined) return newBatch(encoder.finishOwned());
  const { id, epoch = 0, sequence } = producer;
  return newBatch(encoder.finishOwned({ producer: { id: producerId(id), epoch, baseSequence: sequence } }));
}

/** Finds again what `testBatch` put in. */
export function textOf(batchBytes: Uint8Array): string {
  const text = Buffer.from(batchBytes.subarray(61)).toString('latin1');
  return /[\w./-]*\w/.exec(text.slice(5))?.[0] ?? '';
}
