/**
 * What one broker's replicas have to say to another's, but for pushes: that of one turn goes in one message, and what has to wait for
 * room is kept short.
 *
 * A loss may be seen by one of the two brokers alone: then one of the replicas has ended a conversation that the other believes in.
 * So the loss itself is told before anything else, and that is tried until there is a way.
 *
 * A progress is a total, so a later one of the same conversation takes the place of one that still waits. Everything else keeps
 * its order. Beyond the limit messages are dropped; whoever said them says them again.
 */
import type { Clock, Timer } from '../ports/clock.ts';
import type { ControlMessage, PartitionNumber, Saying } from '../partition/replica-frame.ts';
import type { PartitionKey } from './partition-key.ts';
import type { ReplicaCodec } from './replica-codec.ts';
import type { ReplicaLink } from './replica-link.ts';

export interface ControlQueueOptions {
  readonly clock: Pick<Clock, 'callSoon' | 'callAfterMs'>;
  readonly codec: ReplicaCodec;
  readonly link: ReplicaLink;
  /** Messages that wait. */
  readonly messagesMax: number;
  readonly retryMs: number;
}

interface Waiting {
  readonly key: PartitionKey;
  message: ControlMessage;
}

const frameMessagesMax = 1024;
/** One message goes in any case, however large it is. */
const frameBytesWanted = 256 * 1024;

export class ControlQueue {
  readonly #options: ControlQueueOptions;
  readonly #waiting: Waiting[] = [];
  /** The last that waits of each partition. */
  readonly #latest = new Map<string, Waiting>();
  #isFlushDue = false;
  #owesLoss = false;
  #retry: Timer | undefined;

  constructor(options: ControlQueueOptions) {
    this.#options = options;
  }

  say(key: PartitionKey, message: ControlMessage): void {
    const keyText = keyTextOf(key);
    const latest = this.#latest.get(keyText);
    if (latest !== undefined && isSuperseded(latest.message, message)) {
      latest.message = message;
      return;
    }
    if (this.#waiting.length >= this.#options.messagesMax) return;
    const waiting = { key, message };
    this.#waiting.push(waiting);
    this.#latest.set(keyText, waiting);
    this.#flushSoon();
  }

  /** The other broker has to know that a way was lost. One that loses this, too, has lost another way. */
  oweLoss(): void {
    this.#owesLoss = true;
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#options.clock.callSoon(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  /** As much as there is room for. Without a way nothing waits: what is late is no use. */
  flush(): void {
    const { link, codec } = this.#options;
    if (this.#owesLoss && !this.#tellLoss()) return undefined;
    while (this.#waiting.length > 0) {
      const numbers = link.open();
      if (numbers === undefined) return this.clear();
      if (!link.hasRoom) return undefined;
      const taken = this.#takeFrame();
      const given: PartitionNumber[] = [];
      numbers.beginFrame(taken.length);
      const sayings: Saying<ControlMessage>[] = taken.map(({ key, message }) => ({
        number: numbers.numberOf(key, given),
        message,
      }));
      link.send(codec.encodeControl(given, sayings));
    }
    return undefined;
  }

  /** False when it still waits; and then everything else does. */
  #tellLoss(): boolean {
    const { link, codec, clock, retryMs } = this.#options;
    if (link.open() === undefined) {
      this.clear();
      this.#retry ??= clock.callAfterMs(retryMs, () => {
        this.#retry = undefined;
        this.flush();
      });
      return false;
    }
    if (!link.hasRoom) return false;
    this.#owesLoss = false;
    link.sendBeside(codec.encodeLoss());
    return true;
  }

  /** Nothing is owed to a life that is over. */
  close(): void {
    this.#owesLoss = false;
    this.#retry?.cancel();
    this.clear();
  }

  clear(): void {
    this.#waiting.length = 0;
    this.#latest.clear();
  }

  #takeFrame(): readonly Waiting[] {
    let count = 0;
    let bytes = 0;
    while (count < Math.min(this.#waiting.length, frameMessagesMax) && bytes < frameBytesWanted) {
      const waiting = this.#waiting[count];
      if (waiting !== undefined) bytes += roughBytesOf(waiting.message);
      count += 1;
    }
    const taken = this.#waiting.splice(0, count);
    for (const waiting of taken) {
      const keyText = keyTextOf(waiting.key);
      if (this.#latest.get(keyText) === waiting) this.#latest.delete(keyText);
    }
    return taken;
  }
}

function keyTextOf({ topicId, partition }: PartitionKey): string {
  return `${topicId}-${partition}`;
}

function isSuperseded(earlier: ControlMessage, later: ControlMessage): boolean {
  return (
    earlier.type === 'progress' &&
    later.type === 'progress' &&
    earlier.session === later.session &&
    earlier.leaderEpoch === later.leaderEpoch &&
    earlier.brokerEpoch === later.brokerEpoch
  );
}

/** Only a reset can be long. */
function roughBytesOf(message: ControlMessage): number {
  const smallBytes = 128;
  if (message.type !== 'reset') return smallBytes;
  return message.producers.reduce((total, { batches }) => total + smallBytes + batches.length * 32, smallBytes);
}
