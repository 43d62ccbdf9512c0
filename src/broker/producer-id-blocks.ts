/**
 * Gives producers their ids, one by one out of blocks that the quorum has given to this broker. What is left of a block
 * when the broker ends is lost: ids are many.
 */
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import { producerId, type ProducerId } from '../base/producer-ids.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { BrokerQuorum } from './broker-quorum.ts';

export interface ProducerIdsOptions {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly quorum: Pick<BrokerQuorum, 'request'>;
  /** Never the same twice. */
  readonly requestId: () => string;
}

const requestWaitMs = 5000;

export class ProducerIds {
  readonly #options: ProducerIdsOptions;
  #next = 0;
  #end = 0;
  #refill: Promise<boolean> | undefined;

  constructor(options: ProducerIdsOptions) {
    this.#options = options;
  }

  /** Refused while no controller gives a block. */
  async take(): Promise<Result<ProducerId, 'no-controller'>> {
    while (this.#next === this.#end) {
      // All who wait now share one block.
      this.#refill ??= this.#fill().finally(() => {
        this.#refill = undefined;
      });
      if (!(await this.#refill)) return refused('no-controller');
    }
    const taken = this.#next;
    this.#next += 1;
    return ok(producerId(taken));
  }

  async #fill(): Promise<boolean> {
    const { brokerId, brokerEpoch, quorum, requestId } = this.#options;
    const command = { type: 'allocate-producer-ids', brokerId, brokerEpoch } as const;
    const reply = await quorum.request({ requestId: requestId(), command }, requestWaitMs);
    if (reply.type !== 'done' || reply.answer.type !== 'producer-ids-allocated') return false;
    const { firstProducerId, count } = reply.answer;
    this.#next = firstProducerId;
    this.#end = firstProducerId + count;
    return true;
  }
}
