/**
 * What a core has to hear although its driver may have no room at the moment: nobody says these things again. Of each kind
 * the newest is kept, which makes those before it pointless, and told in a later turn; so little is kept, however long it takes.
 */
import type { Result } from '../base/result.ts';
import type { SubmitProblem } from '../drive/driver.ts';
import type { PartitionEvent } from '../partition/partition-event.ts';
import type { Clock } from '../ports/clock.ts';

type SureEvent = Extract<
  PartitionEvent,
  { type: 'log-moved' | 'log-failed' | 'damage-found' | 'read-failed' | 'repaired' | 'metadata' }
>;

export class SureEvents {
  readonly #clock: Pick<Clock, 'callSoon'>;
  readonly #submit: (event: PartitionEvent) => Result<void, SubmitProblem>;
  /** What found no room, in the order in which it was first told. */
  readonly #untold = new Map<SureEvent['type'], SureEvent>();

  constructor(clock: Pick<Clock, 'callSoon'>, submit: (event: PartitionEvent) => Result<void, SubmitProblem>) {
    this.#clock = clock;
    this.#submit = submit;
  }

  tell(event: SureEvent): void {
    // Most of the time nothing waits: this is on the way of every batch.
    if (this.#untold.size === 0) {
      const told = this.#submit(event);
      if (told.ok || told.problem === 'stopped') return;
      this.#tellLater();
    }
    this.#untold.set(event.type, event);
  }

  #tellLater(): void {
    this.#clock.callSoon(() => {
      for (const [type, event] of this.#untold) {
        const told = this.#submit(event);
        if (!told.ok && told.problem === 'queue-full') return this.#tellLater();
        this.#untold.delete(type);
      }
    });
  }
}
