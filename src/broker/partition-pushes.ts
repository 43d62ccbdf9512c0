/**
 * What a leader sends to the replicas that follow it: batches out of its log, read only when there is room for them, and
 * positions alone. Which, when and how much is the core's to say.
 */
import type { BrokerId } from '../base/ids.ts';
import type { Offset } from '../base/offsets.ts';
import type { Outcome } from '../drive/driver.ts';
import { assignedBatch } from '../partition/partition-batch.ts';
import type { PushEffect } from '../partition/partition-effect.ts';
import type { PartitionEvent } from '../partition/partition-event.ts';
import type { PushMessage } from '../partition/partition-message.ts';
import type { PartitionView } from '../partition/partition-view.ts';
import { splitBatches } from '../record/split-batches.ts';
import type { PartitionLog } from '../storage/partition-log.ts';
import type { PartitionKey } from './partition-key.ts';
import type { PushLane, ReplicaLinks } from './replica-links.ts';

export interface PartitionPushesOptions {
  readonly view: Pick<PartitionView, 'isCurrent'>;
  readonly key: PartitionKey;
  readonly log: PartitionLog;
  readonly links: ReplicaLinks;
  readonly onDamage: (from: Offset, to: Offset) => void;
  readonly onReadFailed: (cause: unknown) => void;
}

export class PartitionPushes {
  readonly #options: PartitionPushesOptions;
  /** The latest to each. */
  readonly #lanes = new Map<BrokerId, PushLane>();
  /** Positions that wait to leave, by who is to hear them. */
  readonly #positions = new Map<BrokerId, { message: PushMessage }>();
  #isOver = false;

  constructor(options: PartitionPushesOptions) {
    this.#options = options;
  }

  /** Nothing more is read: what waits for room ends when its turn comes. */
  end(): void {
    this.#isOver = true;
  }

  async push(effect: PushEffect): Promise<PartitionEvent> {
    const { to, pushId, from, lane } = effect;
    const { links, key } = this.#options;
    const read = { next: from, bytes: 0 };
    this.#lanes.set(to, lane);
    const isOnItsWay = await links.push(to, key, lane, async () => {
      const message = await this.#read(effect);
      if (message === undefined) return undefined;
      read.next = message.next;
      for (const { ownedBytes } of message.batches) read.bytes += ownedBytes.length;
      return message;
    });
    if (!isOnItsWay) return { type: 'link-lost', broker: to };
    return { type: 'pushed', to, pushId, ...read };
  }

  /**
   * Behind the batches that were pushed before: a push that comes early looks like one that was lost. While they wait for
   * room the newest take the place of those before, so that a slow follower holds up nothing here.
   */
  sendPositions(to: BrokerId, message: PushMessage): Outcome<PartitionEvent> {
    const before = this.#positions.get(to);
    if (before !== undefined && goesOnFrom(before.message, message)) {
      before.message = message;
      return undefined;
    }
    const waiting = { message };
    this.#positions.set(to, waiting);
    const { links, key } = this.#options;
    const leave = (): void => {
      if (this.#positions.get(to) === waiting) this.#positions.delete(to);
    };
    const sent = links.push(to, key, this.#lanes.get(to) ?? 'tail', () => {
      leave();
      return Promise.resolve(waiting.message);
    });
    return sent.then((isOnItsWay) => {
      leave();
      return isOnItsWay ? undefined : { type: 'link-lost', broker: to };
    });
  }

  /** Checksums are the receiver's to look at: it must not believe its leader's disk either. */
  async #read(effect: PushEffect): Promise<PushMessage | undefined> {
    const { log, onDamage, onReadFailed, view } = this.#options;
    // One that attached anew while this waited would drop it, and others wait behind.
    if (this.#isOver || !view.isCurrent(effect.to, effect)) return undefined;
    const { from, upTo, bytesMax, leaderEpoch, brokerEpoch, session, watermark, startWanted, start } = effect;
    const read = await log.read({ from, bytesMax, below: upTo, check: 'whole' }).catch(onReadFailed);
    if (read === undefined) return undefined;
    if (!read.ok) {
      if (read.problem.type === 'damaged') onDamage(read.problem.range.from, read.problem.range.to);
      return undefined;
    }
    const { ownedBytes, nextOffset: next } = read.value;
    const batches = splitBatches(ownedBytes).map(assignedBatch);
    if (batches.length === 0) return undefined;
    const positions = { watermark, startWanted, start };
    return { type: 'push', leaderEpoch, brokerEpoch, session, from, next, batches, ...positions };
  }
}

/** Nothing was sent between the two. */
function goesOnFrom(one: PushMessage, { leaderEpoch, brokerEpoch, session, from }: PushMessage): boolean {
  const isSameSession = one.leaderEpoch === leaderEpoch && one.brokerEpoch === brokerEpoch && one.session === session;
  return isSameSession && one.from === from;
}
