/**
 * Which number stands for which partition on one stream, on its two ends. Numbers are given in the stream itself, in front of their
 * first use, so both ends agree whatever is lost with the stream.
 */
import { assert } from '../base/assert.ts';
import type { TopicId } from '../base/ids.ts';
import { partitionNumbersMax, type PartitionNumber } from '../partition/replica-frame.ts';
import type { PartitionKey } from './partition-key.ts';

export class GivenNumbers {
  readonly #numbers = new Map<TopicId, Map<number, number>>();
  readonly #numbersMax: number;
  #next = 0;

  constructor(numbersMax = partitionNumbersMax) {
    this.#numbersMax = numbersMax;
  }

  /** A frame gives numbers before it uses any, so a number must not change its meaning within one. */
  beginFrame(partitionsMax: number): void {
    assert(partitionsMax <= this.#numbersMax, 'there are numbers for a whole frame', { partitionsMax });
    if (this.#next + partitionsMax <= this.#numbersMax) return;
    this.#numbers.clear();
    this.#next = 0;
  }

  /** A new number is put on the list, which has to be sent no later than the number. */
  numberOf(key: PartitionKey, given: PartitionNumber[]): number {
    const known = this.#numbers.get(key.topicId)?.get(key.partition);
    if (known !== undefined) return known;
    const number = this.#next;
    assert(number < this.#numbersMax, 'numbers are bounded', { number });
    this.#next += 1;
    const ofTopic = this.#numbers.get(key.topicId) ?? new Map<number, number>();
    this.#numbers.set(key.topicId, ofTopic.set(key.partition, number));
    given.push({ number, key });
    return number;
  }
}

export class HeardNumbers {
  readonly #keys: PartitionKey[] = [];

  /** False when the other side does not count as it should. */
  hear({ number, key }: PartitionNumber): boolean {
    if (number > this.#keys.length || number >= partitionNumbersMax) return false;
    this.#keys[number] = key;
    return true;
  }

  find(number: number): PartitionKey | undefined {
    return this.#keys[number];
  }
}
