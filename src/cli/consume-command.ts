/**
 * `odradek consume TOPIC`: prints records, from the beginning, the end, or an offset on; and waits for more with --follow.
 */
import { offset, type Offset } from '../base/offsets.ts';
import { BatchHeader } from '../record/batch-header.ts';
import { openRecords } from '../record/open-records.ts';
import type { RecordCursor } from '../record/record-cursor.ts';
import { splitBatches } from '../record/split-batches.ts';
import type { CommandContext } from './command-context.ts';
import { misuse, readOptionalNumber, readWholeNumber } from './read-written.ts';
import { TopicRecords } from './topic-records.ts';

export interface ConsumeOptions {
  readonly from: string;
  readonly limit?: string;
  readonly partition?: string;
  readonly follow?: boolean;
}

interface Reader {
  readonly partition: number;
  next: Offset;
  /** Without --follow it ends there: what was written before the command began. */
  readonly until: Offset;
}

const followWaitMs = 500;

export async function consumeRecords(context: CommandContext, topic: string, options: ConsumeOptions): Promise<void> {
  const limit = readOptionalNumber('--limit', options.limit) ?? Number.POSITIVE_INFINITY;
  const wanted = readOptionalNumber('--partition', options.partition);
  const records = await TopicRecords.find(context, topic, false);
  try {
    if (wanted !== undefined && wanted >= records.partitionCount)
      throw misuse(`--partition is ${wanted}, and the topic has ${records.partitionCount}, counted from 0`);
    const partitions = wanted === undefined ? [...Array(records.partitionCount).keys()] : [wanted];
    const readers = await Promise.all(partitions.map((partition) => openReader(records, partition, options.from)));
    await new RecordPrinter(context, records, { limit, isFollowing: options.follow === true }).run(readers);
  } finally {
    records.close();
  }
}

async function openReader(records: TopicRecords, partition: number, from: string): Promise<Reader> {
  const { offset: end = offset(0) } = await records.findOffset(partition, { type: 'latest' });
  if (from === 'end') return { partition, next: end, until: end };
  const { offset: start = offset(0) } = await records.findOffset(partition, { type: 'earliest' });
  if (from === 'start') return { partition, next: start, until: end };
  const next = offset(readWholeNumber('--from', from));
  if (next >= start && next <= end) return { partition, next, until: end };
  throw misuse(
    `--from is ${from}, and partition ${partition} has offsets from ${start} to ${end}`,
    'start, end, or one of those',
  );
}

class RecordPrinter {
  readonly #context: CommandContext;
  readonly #records: TopicRecords;
  readonly #isFollowing: boolean;
  #left: number;

  constructor(
    context: CommandContext,
    records: TopicRecords,
    { limit, isFollowing }: { readonly limit: number; readonly isFollowing: boolean },
  ) {
    this.#isFollowing = isFollowing;
    this.#context = context;
    this.#records = records;
    this.#left = limit;
  }

  /** One partition after the other, so that the records of each stay in their order. */
  async run(readers: readonly Reader[]): Promise<void> {
    do {
      let printed = 0;
      for (const reader of readers) {
        while (this.#left > 0 && (this.#isFollowing || reader.next < reader.until)) {
          // Only who reads a single partition can wait at its end; others look at all of them in turn.
          const waitMs = this.#isFollowing && readers.length === 1 ? followWaitMs : 0;
          const before = reader.next;
          printed += await this.#read(reader, waitMs);
          if (reader.next === before) break;
        }
      }
      if (this.#isFollowing && printed === 0 && readers.length > 1) await this.#pause();
    } while (this.#isFollowing && this.#left > 0);
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#context.clock.callAfterMs(followWaitMs / 5, resolve);
    });
  }

  async #read(reader: Reader, waitMs: number): Promise<number> {
    const { ownedBatches, next } = await this.#records.fetch(reader.partition, { from: reader.next }, waitMs);
    let printed = 0;
    for (const bytes of splitBatches(ownedBatches)) printed += this.#printBatch(reader, bytes);
    reader.next = next;
    return printed;
  }

  #printBatch({ partition, next }: Reader, ownedBytes: Uint8Array): number {
    const { terminal } = this.#context;
    const header = new BatchHeader(ownedBytes);
    const opened = header.checksumMatches() ? openRecords(header) : undefined;
    if (opened?.ok !== true) {
      const why = opened === undefined ? 'their checksum does not match' : opened.problem.why;
      terminal.err(
        `offsets ${header.baseOffset} to ${header.nextOffset - 1} of partition ${partition} cannot be read: ${why}\n`,
      );
      return 0;
    }
    const cursor = opened.value;
    let printed = 0;
    while (this.#left > 0 && cursor.next()) {
      if (cursor.offset < next) continue;
      terminal.out(this.#textOf(partition, cursor));
      this.#left -= 1;
      printed += 1;
    }
    if (cursor.problem !== undefined)
      terminal.err(`offsets from ${cursor.problem.firstOffset} on cannot be read: ${cursor.problem.why}\n`);
    return printed;
  }

  #textOf(partition: number, cursor: RecordCursor): string {
    const { output } = this.#context.options;
    const [key, value] = [textOf(cursor.borrowedKey), textOf(cursor.borrowedValue)];
    if (output === 'json' || output === 'ndjson')
      return `${JSON.stringify({ partition, offset: cursor.offset, timestampMs: cursor.timestampMs, key, value })}\n`;
    if (output !== 'wide') return `${value ?? ''}\n`;
    return `${partition}:${cursor.offset}\t${new Date(cursor.timestampMs).toISOString()}\t${key ?? ''}\t${value ?? ''}\n`;
  }
}

function textOf(borrowedBytes: Uint8Array | null): string | null {
  return borrowedBytes === null ? null : new TextDecoder().decode(borrowedBytes);
}
