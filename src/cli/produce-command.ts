/**
 * `odradek produce TOPIC`: each line that comes in is a record. Lines are gathered while more come quickly, and sent when
 * a batch is full or nothing came for a moment.
 */
import { assert } from '../base/assert.ts';
import { BatchEncoder } from '../record/batch-encoder.ts';
import { partitionOfKey } from '../record/key-hash.ts';
import type { NewRecord } from '../record/new-record.ts';
import type { AcksName } from '../wire/produce-fetch-values.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { misuse, readOptionalNumber } from './read-written.ts';
import { TopicRecords } from './topic-records.ts';

export interface ProduceOptions {
  readonly partition?: string;
  readonly keySeparator?: string;
  readonly acks: string;
}

const batchBytesTarget = 256 * 1024;
/** max.message.bytes as it is by default. */
const batchBytesMax = 1024 * 1024;
const lingerMs = 50;

export async function produceRecords(context: CommandContext, topic: string, options: ProduceOptions): Promise<void> {
  const acks = readAcks(options.acks);
  const wanted = readOptionalNumber('--partition', options.partition);
  const records = await TopicRecords.find(context, topic, true);
  try {
    const partitions = new PartitionChoice(records.partitionCount, wanted);
    const count = await new LineProducer(context, records, { acks, partitions }).run(options.keySeparator);
    context.terminal.err(`${count} ${count === 1 ? 'record' : 'records'} written to ${topic}\n`);
  } finally {
    records.close();
  }
}

function readAcks(written: string): AcksName {
  if (written === 'all' || written === 'leader' || written === 'none') return written;
  throw misuse(`--acks is ${written}, which is none of all, leader, none`);
}

/** A key always goes to the same place; what has none goes to one after the other, a batch each. */
class PartitionChoice {
  readonly #count: number;
  readonly #wanted: number | undefined;
  #next = 0;

  constructor(count: number, wanted: number | undefined) {
    if (wanted !== undefined && wanted >= count)
      throw misuse(`--partition is ${wanted}, and the topic has ${count}, counted from 0`);
    this.#count = count;
    this.#wanted = wanted;
  }

  of({ key }: NewRecord): number {
    if (this.#wanted !== undefined) return this.#wanted;
    if (typeof key === 'string') return partitionOfKey(new TextEncoder().encode(key), this.#count);
    return this.#next;
  }

  batchSent(): void {
    this.#next = (this.#next + 1) % this.#count;
  }
}

class LineProducer {
  readonly #context: CommandContext;
  readonly #records: TopicRecords;
  readonly #acks: AcksName;
  readonly #partitions: PartitionChoice;
  readonly #encoders = new Map<number, BatchEncoder>();
  #count = 0;

  constructor(
    context: CommandContext,
    records: TopicRecords,
    { acks, partitions }: { readonly acks: AcksName; readonly partitions: PartitionChoice },
  ) {
    this.#context = context;
    this.#records = records;
    this.#acks = acks;
    this.#partitions = partitions;
  }

  async run(keySeparator: string | undefined): Promise<number> {
    const { terminal } = this.#context;
    let next = terminal.ask('> ');
    for (;;) {
      const line = await this.#orPause(next);
      if (line === 'pause') await this.#sendAll();
      else if (line.text === undefined) break;
      else {
        await this.#add(recordOf(line.text, keySeparator, this.#context.clock.wallMs()));
        next = terminal.ask('> ');
      }
    }
    await this.#sendAll();
    return this.#count;
  }

  /** Nothing waits to be sent: then there is no hurry either. */
  async #orPause(next: Promise<string | undefined>): Promise<{ readonly text: string | undefined } | 'pause'> {
    const line = next.then((text) => ({ text }));
    if (this.#encoders.size === 0) return line;
    return new Promise((resolve, reject) => {
      const timer = this.#context.clock.callAfterMs(lingerMs, () => resolve('pause'));
      line.then(
        (found) => {
          timer.cancel();
          resolve(found);
        },
        (cause: unknown) => reject(cause instanceof Error ? cause : new Error(String(cause))),
      );
    });
  }

  async #add(record: NewRecord): Promise<void> {
    const partition = this.#partitions.of(record);
    const encoder = this.#encoderOf(partition);
    const outcome = encoder.append(record);
    if (outcome === 'appended') return;
    if (outcome === 'record-too-large')
      throw new CliError({ exit: 'failed', message: `line ${this.#count + 1} is over ${batchBytesMax} bytes` });
    await this.#send(partition, encoder);
    const again = this.#encoderOf(partition).append(record);
    assert(again === 'appended', 'an empty batch takes a record that is not too large');
  }

  #encoderOf(partition: number): BatchEncoder {
    const encoder = this.#encoders.get(partition) ?? new BatchEncoder({ batchBytesTarget, batchBytesMax });
    this.#encoders.set(partition, encoder);
    return encoder;
  }

  async #sendAll(): Promise<void> {
    for (const [partition, encoder] of this.#encoders) await this.#send(partition, encoder);
  }

  async #send(partition: number, encoder: BatchEncoder): Promise<void> {
    const { recordCount } = encoder;
    await this.#records.produce(partition, encoder.finishOwned(), this.#acks);
    this.#count += recordCount;
    this.#encoders.delete(partition);
    this.#partitions.batchSent();
  }
}

function recordOf(line: string, keySeparator: string | undefined, timestampMs: number): NewRecord {
  const at = keySeparator === undefined ? -1 : line.indexOf(keySeparator);
  if (keySeparator === undefined || at < 0) return { key: null, value: line, timestampMs };
  return { key: line.slice(0, at), value: line.slice(at + keySeparator.length), timestampMs };
}
