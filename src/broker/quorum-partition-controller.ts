/**
 * Takes what replicas ask of the controller there, gathered: a broker that loses a peer shrinks many in-sync sets at
 * once, and one command carries them all.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import type { InSyncChangeOutcome } from '../metadata/metadata-command.ts';
import { metadataLimits } from '../metadata/metadata-limits.ts';
import type { InSyncOutcome } from '../partition/partition-event.ts';
import type { Clock } from '../ports/clock.ts';
import type { BrokerQuorum, ControllerReply } from './broker-quorum.ts';
import type { AsideAsked, InSyncAsked, PartitionController } from './partition-controller.ts';
import { partitionKeyText } from './partition-key.ts';

export interface QuorumPartitionControllerOptions {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly quorum: Pick<BrokerQuorum, 'request'>;
  readonly clock: Pick<Clock, 'callSoon' | 'callAfterMs'>;
  /** Never the same twice. */
  readonly requestId: () => string;
}

interface WaitingProposal extends InSyncAsked {
  readonly resolve: (outcome: InSyncOutcome) => void;
}

const requestWaitMs = 5000;
const asideRetryMs = 500;
/** Of one partition that are not heard yet: that it stepped aside, and that it is back. */
const asidesMax = 2;

export class QuorumPartitionController implements PartitionController {
  readonly #options: QuorumPartitionControllerOptions;
  #proposals: WaitingProposal[] = [];
  /** By partition, in their order: a return that overtook what it ends would end nothing. */
  readonly #asides = new Map<string, AsideAsked[]>();
  #isTelling = false;
  #isOver = false;

  constructor(options: QuorumPartitionControllerOptions) {
    this.#options = options;
  }

  proposeInSync(asked: InSyncAsked): Promise<InSyncOutcome> {
    return new Promise((resolve) => {
      this.#proposals.push({ ...asked, resolve });
      if (this.#proposals.length === 1) this.#options.clock.callSoon(() => this.#propose());
    });
  }

  stepAside(asked: AsideAsked): void {
    const name = partitionKeyText(asked.key);
    const untold = this.#asides.get(name) ?? [];
    this.#asides.set(name, [...untold, asked].slice(-asidesMax));
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#options.clock.callSoon(() => this.#tellAsides());
  }

  stop(): void {
    this.#isOver = true;
    this.#asides.clear();
    for (const { resolve } of this.#proposals.splice(0)) resolve('unknown');
  }

  #propose(): void {
    const proposals = this.#proposals;
    this.#proposals = [];
    // A partition has one proposal under way, so they are of different ones.
    for (let at = 0; at < proposals.length; at += metadataLimits.partitionChangesMax)
      void this.#ask(proposals.slice(at, at + metadataLimits.partitionChangesMax));
  }

  async #ask(proposals: readonly WaitingProposal[]): Promise<void> {
    const { brokerId, brokerEpoch, quorum, requestId } = this.#options;
    const changes = proposals.map(({ key, proposal }) => ({ ...key, ...proposal }));
    const command = { type: 'change-in-sync', brokerId, brokerEpoch, changes } as const;
    const reply = await quorum.request({ requestId: requestId(), command }, requestWaitMs);
    const outcomes = outcomesOf(reply);
    proposals.forEach(({ resolve }, at) => resolve(outcomes === undefined ? 'unknown' : outcomeOf(outcomes, at)));
  }

  /** Until the controller has heard it: nobody else would ever say it. */
  #tellAsides(): void {
    const first = [...this.#asides.values()].flatMap(([asked]) => asked ?? []);
    const told = first.slice(0, metadataLimits.partitionChangesMax);
    this.#isTelling = !this.#isOver && told.length > 0;
    if (!this.#isTelling) return;
    void this.#tell(told).then((isHeard) => {
      if (isHeard) this.#forget(told);
      this.#options.clock.callAfterMs(isHeard ? 0 : asideRetryMs, () => this.#tellAsides());
    });
  }

  async #tell(asides: readonly AsideAsked[]): Promise<boolean> {
    const { brokerId, brokerEpoch, quorum, requestId } = this.#options;
    const partitions = asides.map(({ key, leaderEpoch, reason }) => {
      return { ...key, leaderEpoch, hasLost: reason === 'lost-records', isBack: reason === 'repaired' };
    });
    const command = { type: 'step-aside', brokerId, brokerEpoch, partitions } as const;
    const { type } = await quorum.request({ requestId: requestId(), command }, requestWaitMs);
    // Refused: another life of this broker has begun.
    return type === 'done' || type === 'refused';
  }

  #forget(heard: readonly AsideAsked[]): void {
    for (const aside of heard) {
      const name = partitionKeyText(aside.key);
      const left = (this.#asides.get(name) ?? []).filter((asked) => asked !== aside);
      if (left.length === 0) this.#asides.delete(name);
      else this.#asides.set(name, left);
    }
  }
}

/** Undefined: some of them may yet be carried out. */
function outcomesOf(reply: ControllerReply): readonly InSyncChangeOutcome[] | 'none' | undefined {
  switch (reply.type) {
    case 'done':
      assert(reply.answer.type === 'in-sync-changed', 'a command is answered with what it did', { reply });
      return reply.answer.outcomes;
    case 'refused':
    case 'not-served':
      return 'none';
    case 'outcome-unknown':
      return undefined;
    default:
      return assertUnreachable(reply);
  }
}

function outcomeOf(outcomes: readonly InSyncChangeOutcome[] | 'none', at: number): InSyncOutcome {
  const outcome = outcomes === 'none' ? 'refused' : outcomes[at];
  assert(outcome !== undefined, 'every change has an outcome', { at });
  // It may be an earlier attempt that changed the partition.
  return outcome === 'stale' ? 'unknown' : outcome;
}
