/**
 * Who waits for the metadata to reach a revision, and for how long. Bounded: one more than `waitsMax` is told at once
 * that the node is behind.
 */
import type { LogIndex } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { RevisionProblem } from './metadata-quorum.ts';
import type { MetadataStateMachine } from './metadata-state-machine.ts';

type Outcome = Result<MetadataImage, RevisionProblem>;

interface Wait {
  readonly revision: LogIndex;
  readonly timer: Timer;
  readonly resolve: (outcome: Outcome) => void;
}

const waitsMax = 16_384;

export class RevisionWaits {
  readonly #clock: Clock;
  readonly #machine: MetadataStateMachine;
  readonly #waits = new Set<Wait>();
  readonly #forgetMachine: () => void;
  #isClosed = false;

  constructor(machine: MetadataStateMachine, clock: Clock) {
    this.#clock = clock;
    this.#machine = machine;
    this.#forgetMachine = machine.onChange(({ after }) => {
      for (const wait of this.#waits) if (wait.revision <= after.revision) this.#end(wait, ok(after));
    });
  }

  until(revision: LogIndex, waitMs: number): Promise<Outcome> {
    const { image } = this.#machine;
    if (image.revision >= revision) return Promise.resolve(ok(image));
    if (this.#isClosed) return Promise.resolve(refused({ type: 'stopping' }));
    if (this.#waits.size >= waitsMax || waitMs <= 0) return Promise.resolve(refused(this.#behind()));
    return new Promise((resolve) => {
      const wait: Wait = {
        revision,
        resolve,
        timer: this.#clock.callAfterMs(waitMs, () => {
          this.#end(wait, refused(this.#behind()));
        }),
      };
      this.#waits.add(wait);
    });
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    this.#forgetMachine();
    for (const wait of this.#waits) this.#end(wait, refused({ type: 'stopping' }));
  }

  #behind(): RevisionProblem {
    return { type: 'behind', revision: this.#machine.image.revision };
  }

  #end(wait: Wait, outcome: Outcome): void {
    this.#waits.delete(wait);
    wait.timer.cancel();
    wait.resolve(outcome);
  }
}
