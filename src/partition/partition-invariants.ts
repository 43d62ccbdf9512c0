/**
 * What holds for one replica after every step: of its state as a whole, and of the change since the step before.
 *
 * Run after every step in tests and in simulation; production relies on the assertions inside the core. What holds
 * between replicas is partition-cluster-invariants.ts. The numbers are those of README.md.
 */
import { assert, type Facts } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import { isEnoughInSync } from './partition-metadata.ts';
import type { PartitionView } from './partition-view.ts';

interface Before {
  readonly role: PartitionView['role'];
  readonly leaderEpoch: number | undefined;
  readonly revision: number;
  readonly generation: number;
  readonly isEstablished: boolean;
  readonly assigned: Offset;
  readonly durable: Offset;
  readonly watermark: Offset;
  readonly start: Offset;
  readonly writtenStart: Offset;
}

export class PartitionInvariants {
  readonly #view: PartitionView;
  #before: Before;

  constructor(view: PartitionView) {
    this.#view = view;
    this.#before = remember(view);
  }

  /** `mayTakeBack`: an unclean election was reported in this step. */
  check(mayTakeBack: boolean): void {
    const after = remember(this.#view);
    this.#checkWhole(after);
    this.#checkDelta(this.#before, after, mayTakeBack);
    this.#before = after;
  }

  #checkWhole(now: Before): void {
    const view = this.#view;
    const facts = (): Facts => ({ broker: view.brokerId, ...now, written: view.written, epochs: view.epochs });
    assert(view.durable <= view.written && view.written <= view.assigned, 'assigned >= written >= durable', facts);
    assert(view.watermark <= view.written, 'P2: the watermark stays within what can be read', facts);
    assert(view.start <= view.writtenStart, 'P15: what is shown as the start is written down', facts);
    assert(view.start <= view.watermark, 'P15: nothing above the watermark is deleted', facts);
    assert((view.epochs.at(-1)?.start ?? 0) <= view.assigned, 'P9: no epoch begins beyond the log', facts);
    assert(view.fetchesWaiting <= view.limits.fetchesWaitingMax, 'waiting is bounded', facts);
    assert(view.producesWaiting <= view.limits.producesWaitingMax, 'waiting is bounded', facts);
    assert(view.producers.length <= view.limits.producersMax, 'I6: what is remembered is bounded', facts);
    if (now.role !== 'idle') assert(now.revision >= view.brokerEpoch, 'P10: a role is of this life', facts);
    if (now.role === 'leader') this.#checkLeader(facts);
  }

  #checkLeader(facts: () => Facts): void {
    const view = this.#view;
    const { metadata, maximalInSync } = view;
    assert(metadata?.leader === view.brokerId, 'P10: a leader leads by the latest metadata that it knows', facts);
    assert(
      metadata.inSync.every((member) => maximalInSync.includes(member)),
      'P5: the maximal in-sync set holds the committed one',
      facts,
    );
    assert(new Set(maximalInSync).size === maximalInSync.length, 'P5: nobody is in sync twice', facts);
    assert(!view.isRecovering || view.producesWaiting === 0, 'P12: nothing is served before recovery', facts);
    for (const { next, durable } of view.followers())
      assert((durable ?? 0) <= (next ?? 0) && (next ?? 0) <= view.assigned, 'P10: nobody is ahead', facts);
  }

  #checkDelta(before: Before, after: Before, mayTakeBack: boolean): void {
    const view = this.#view;
    const facts = (): Facts => ({ broker: view.brokerId, before, after });
    assert(after.revision >= before.revision, 'P10: metadata does not go back', facts);
    if (!mayTakeBack) {
      assert(after.watermark >= before.watermark, 'P2: the watermark does not go back', facts);
      assert(after.start >= before.start, 'P15: the start does not go back', facts);
      assert(after.writtenStart >= before.writtenStart, 'P15: what is written down does not go back', facts);
    }
    if (after.generation === before.generation) {
      assert(after.assigned >= before.assigned, 'P9: a log shortens in a new generation only', facts);
      assert(after.durable >= before.durable, 'what is durable stays so', facts);
    }
    const isSameRole = before.role === after.role && before.leaderEpoch === after.leaderEpoch;
    if (after.role !== 'leader' || !isSameRole) return;
    assert(after.generation === before.generation, 'P9: a leader cuts nothing', facts);
    assert(after.isEstablished || !before.isEstablished, 'P2: a leader stays established', facts);
    if (after.watermark === before.watermark || view.metadata === undefined) return;
    assert(isEnoughInSync(view.metadata), 'P7: the watermark moves while enough replicas are in sync', facts);
  }
}

function remember(view: PartitionView): Before {
  const { role, leaderEpoch, generation, isEstablished, assigned, durable, watermark, start, writtenStart } = view;
  const revision = view.metadata?.revision ?? 0;
  return { role, leaderEpoch, revision, generation, isEstablished, assigned, durable, watermark, start, writtenStart };
}
