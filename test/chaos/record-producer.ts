/**
 * An idempotent producer on real processes: one batch at a time, sent again until it is acknowledged, and everything
 * that it asked and was told written into a history.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '../../src/base/assert.ts';
import { errorCodes } from '../../src/base/error-codes.ts';
import { producerId } from '../../src/base/producer-ids.ts';
import { sequenceCount } from '../../src/partition/partition-batch.ts';
import type { Random } from '../../src/ports/random.ts';
import { BatchEncoder } from '../../src/record/batch-encoder.ts';
import type { HistoryLine } from '../../src/testing/log-history.ts';
import {
  initProducerReplyCodec,
  initProducerRequestCodec,
  produceCallCodec,
  produceReplyCodec,
} from '../../src/wire/produce-fetch-messages.ts';
import type { PartReply, ProducedReply } from '../../src/wire/produce-fetch-values.ts';
import type { SendEnding } from '../testing/history-client.ts';
import { topic, type RecordPlaces } from './record-places.ts';

export interface StormClients {
  readonly places: RecordPlaces;
  readonly random: Random;
  readonly write: (line: HistoryLine) => void;
  readonly nowMs: () => number;
  readonly onAcknowledged: (partition: number, sentAtMs: number) => void;
}

const recordsMax = 20;
const attemptMsMax = 2_000;
const retryMs = 25;
const giveUpMs = 60_000;
const pauseMs = 2;

type Outcome =
  | { readonly type: 'ok'; readonly baseOffset: number | undefined }
  | { readonly type: 'refused' | 'unknown' };

export class RecordProducer {
  readonly number: number;
  /** Acknowledged. */
  records = 0;
  attempts = 0;
  readonly #clients: StormClients;
  readonly #encoder = new BatchEncoder({ batchBytesTarget: 64 * 1024, batchBytesMax: 64 * 1024 });
  readonly #sequences = new Map<number, number>();
  #id: number | undefined;
  #sent = 0;

  constructor(clients: StormClients, number: number) {
    this.#clients = clients;
    this.number = number;
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#sendOne();
      await delay(pauseMs);
    }
  }

  async #sendOne(): Promise<void> {
    const { random, places, nowMs, onAcknowledged } = this.#clients;
    const id = (this.#id ??= await this.#newId());
    const partition = random.integerBelow(places.partitions.length);
    const values = Array.from({ length: 1 + random.integerBelow(recordsMax) }, () => {
      this.#sent += 1;
      return `p${this.number}-${this.#sent}`;
    });
    const baseSequence = this.#sequences.get(partition) ?? 0;
    for (const value of values) this.#write(partition, { type: 'invoke', value, acks: 'all', idempotent: true });
    const endMs = nowMs() + giveUpMs;
    let isUnknown = false;
    while (nowMs() < endMs) {
      const sentAtMs = nowMs();
      const outcome = await this.#attempt(partition, values, { id, baseSequence });
      if (outcome.type === 'ok') {
        this.#sequences.set(partition, (baseSequence + values.length) % sequenceCount);
        this.records += values.length;
        onAcknowledged(partition, sentAtMs);
        for (const [at, value] of values.entries())
          this.#write(partition, {
            type: 'ok',
            value: outcome.baseOffset === undefined ? value : [outcome.baseOffset + at, value],
          });
        return;
      }
      if (outcome.type === 'unknown') isUnknown = true;
      await delay(retryMs);
      await places.look();
    }
    for (const value of values)
      this.#write(partition, { type: isUnknown ? 'info' : 'fail', value, error: 'not acknowledged for a minute' });
    // What is next in its sequence is not known any more.
    this.#id = undefined;
    this.#sequences.clear();
  }

  async #attempt(
    partition: number,
    values: readonly string[],
    { id, baseSequence }: { readonly id: number; readonly baseSequence: number },
  ): Promise<Outcome> {
    const { places } = this.#clients;
    const endpoint = places.partitions[partition]?.endpoint;
    if (endpoint === undefined) return { type: 'refused' };
    this.attempts += 1;
    for (const value of values) {
      const appended = this.#encoder.append({ key: null, value, timestampMs: Date.now() });
      assert(appended === 'appended', 'the records of a batch have room in it');
    }
    const producer = { id: producerId(id), epoch: 0, baseSequence };
    const ownedBatch = this.#encoder.finishOwned({ producer });
    const answer = await places.call(endpoint, {
      method: 'odradek.v1.LogService/Produce',
      request: {
        acks: 'all',
        timeoutMs: attemptMsMax,
        partitions: [{ topicId: places.topicId, partition, leaderEpoch: undefined, ownedBatch }],
      },
      requestCodec: produceCallCodec,
      replyCodec: produceReplyCodec,
      deadlineMs: attemptMsMax,
    });
    return answer.ok ? outcomeOf(answer.value[0]) : { type: 'unknown' };
  }

  async #newId(): Promise<number> {
    const { places, random } = this.#clients;
    this.#sequences.clear();
    for (;;) {
      const endpoint = places.partitions[random.integerBelow(places.partitions.length)]?.endpoint;
      const given =
        endpoint === undefined
          ? undefined
          : await places.call(endpoint, {
              method: 'odradek.v1.LogService/InitProducer',
              request: undefined,
              requestCodec: initProducerRequestCodec,
              replyCodec: initProducerReplyCodec,
              deadlineMs: attemptMsMax,
            });
      if (given?.ok === true) return given.value.producerId;
      await delay(retryMs);
      await places.look();
    }
  }

  #write(partition: number, ending: SendEnding): void {
    const { write, nowMs } = this.#clients;
    write({ t: Math.floor(nowMs()), process: this.number, f: 'send', topic, partition, ...ending });
  }
}

function outcomeOf(part: PartReply<ProducedReply> | undefined): Outcome {
  assert(part !== undefined, 'one partition, one result');
  if (part.problem === undefined) return { type: 'ok', baseOffset: part.baseOffset };
  const { error, message } = part.problem;
  // It was written before, and where is forgotten.
  if (error === 'duplicate-sequence') return { type: 'ok', baseOffset: undefined };
  const { action } = errorCodes[error];
  assert(action !== 'fix-request', 'a producer asks nothing that is wrong', { error, message });
  return { type: action === 'resolve-outcome' ? 'unknown' : 'refused' };
}
