/**
 * A consumer of one partition on real processes, from its start on, whose polls are written into a history.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '../../src/base/assert.ts';
import { offset, type Offset } from '../../src/base/offsets.ts';
import type { LocatedValue } from '../../src/testing/log-history.ts';
import { fetchCallCodec, fetchReplyCodec } from '../../src/wire/produce-fetch-messages.ts';
import { valuesOf, type PollEnding } from '../testing/history-client.ts';
import { topic } from './record-places.ts';
import type { StormClients } from './record-producer.ts';

const waitMs = 200;
const deadlineMs = 2_000;
const retryMs = 25;

interface Fetched {
  readonly values: readonly LocatedValue[];
  readonly isAtEnd: boolean;
}

export class RecordConsumer {
  readonly number: number;
  readonly partition: number;
  readonly #clients: StormClients;
  #next: Offset = offset(0);
  polls = 0;

  constructor(clients: StormClients, number: number, partition: number) {
    this.#clients = clients;
    this.number = number;
    this.partition = partition;
    const value = [{ topic, partition, offset: 0 }];
    clients.write({ t: Math.floor(clients.nowMs()), process: number, f: 'assign', type: 'ok', value });
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#poll();
  }

  /** What a leader that answers now lets be read. False: not within that time. */
  async readToTheEnd(forMs: number): Promise<boolean> {
    const { nowMs } = this.#clients;
    const endMs = nowMs() + forMs;
    while (nowMs() < endMs) if (await this.#poll()) return true;
    return false;
  }

  /** True when a leader says that there is nothing more to read. */
  async #poll(): Promise<boolean> {
    const { places } = this.#clients;
    const endpoint = places.partitions[this.partition]?.endpoint;
    this.polls += 1;
    this.#write({ type: 'invoke' });
    const fetched = endpoint === undefined ? undefined : await this.#fetch(endpoint);
    if (fetched !== undefined) {
      this.#write({ type: 'ok', topic, partition: this.partition, value: fetched.values });
      return fetched.isAtEnd;
    }
    this.#write({ type: 'fail' });
    await delay(retryMs);
    await places.look();
    return false;
  }

  async #fetch(endpoint: string): Promise<Fetched | undefined> {
    const { places } = this.#clients;
    const place = { topicId: places.topicId, partition: this.partition, leaderEpoch: undefined };
    const answer = await places.call(endpoint, {
      method: 'odradek.v1.LogService/Fetch',
      request: {
        maxWaitMs: waitMs,
        bytesMin: 1,
        bytesMax: undefined,
        mayFollow: false,
        partitions: [{ ...place, from: this.#next, bytesMax: undefined }],
      },
      requestCodec: fetchCallCodec,
      replyCodec: fetchReplyCodec,
      deadlineMs,
    });
    const part = answer.ok ? answer.value[0] : undefined;
    if (part?.problem !== undefined || part === undefined) return undefined;
    const values = valuesOf(part.ownedBatches, this.#next);
    assert(part.next >= this.#next, 'a fetch goes on behind what it read', () => ({ next: part.next }));
    this.#next = part.next;
    return { values, isAtEnd: part.watermark !== undefined && part.next >= part.watermark };
  }

  #write(ending: PollEnding): void {
    const { write, nowMs } = this.#clients;
    write({ t: Math.floor(nowMs()), process: this.number, f: 'poll', ...ending });
  }
}
