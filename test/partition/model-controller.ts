/**
 * The controller as far as one partition goes: registrations, fencing, elections, compare-and-set of the in-sync set,
 * eligible replicas (KIP-966). Every change is one more revision; replicas hear of it when the test lets them.
 */
import { assert } from '../../src/base/assert.ts';
import { brokerEpoch, partitionEpoch, type BrokerEpoch } from '../../src/base/epochs.ts';
import type { BrokerId, DirectoryId } from '../../src/base/ids.ts';
import { leaderEpoch, type LeaderEpoch } from '../../src/base/offsets.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import type { AsideReason, InSyncProposal } from '../../src/partition/partition-effect.ts';
import type { InSyncOutcome } from '../../src/partition/partition-event.ts';
import type { ControllerFacts } from '../../src/partition/partition-cluster-invariants.ts';
import type { PartitionMetadata } from '../../src/partition/partition-metadata.ts';

interface ModelBroker {
  readonly brokerId: BrokerId;
  directory: DirectoryId;
  brokerEpoch: BrokerEpoch;
  isActive: boolean;
}

export interface ControllerOptions {
  readonly inSyncMin: number;
  readonly durability: PartitionMetadata['durability'];
}

export class ModelController {
  /** Every revision so far. */
  readonly history: PartitionMetadata[] = [];
  /** Lost something that it may have acknowledged: never elected in the ordinary way. */
  readonly lossy = new Set<BrokerId>();
  readonly aside = new Set<BrokerId>();
  eligible: readonly BrokerId[] = [];
  inSync: readonly BrokerId[];
  leader: BrokerId | undefined;
  inSyncMin: number;
  readonly #durability: PartitionMetadata['durability'];
  readonly #brokers: ModelBroker[];
  #revision = 0;
  #leaderEpoch = 0;
  #partitionEpoch = 0;
  #recovery: PartitionMetadata['recovery'] = 'recovered';
  #uncleanEpoch: number | undefined;
  #uncleanEpochBefore: number | undefined;
  #state = '';
  #isProposed = false;

  /** All replicas begin registered, fenced and in sync. */
  constructor(replicas: readonly { brokerId: BrokerId; directory: DirectoryId }[], options: ControllerOptions) {
    this.inSyncMin = options.inSyncMin;
    this.#durability = options.durability;
    this.inSync = replicas.map(({ brokerId }) => brokerId);
    this.#brokers = replicas.map(({ brokerId, directory }) => {
      this.#revision += 1;
      return { brokerId, directory, brokerEpoch: brokerEpoch(this.#revision), isActive: true };
    });
    this.#elect();
    this.#commit();
  }

  get current(): PartitionMetadata {
    const last = this.history.at(-1);
    assert(last !== undefined, 'there is a first revision');
    return last;
  }

  get facts(): ControllerFacts {
    return { metadata: this.current, eligible: this.eligible, lossy: this.lossy };
  }

  broker(id: BrokerId): ModelBroker {
    const found = this.#brokers.find(({ brokerId }) => brokerId === id);
    assert(found !== undefined, 'the partition has that replica', { id });
    return found;
  }

  /** A broker has started. It is fenced until it has caught up with the metadata, and its leaderships are over. */
  register(id: BrokerId, directory: DirectoryId, hasLost: boolean): BrokerEpoch {
    const broker = this.broker(id);
    broker.isActive = false;
    broker.directory = directory;
    broker.brokerEpoch = brokerEpoch(this.#revision + 1);
    this.aside.delete(id);
    if (hasLost) this.lossy.add(id);
    this.#leaveInSync(id);
    if (hasLost) this.eligible = this.eligible.filter((member) => member !== id);
    this.#dethrone(id);
    this.#commit();
    return broker.brokerEpoch;
  }

  fence(id: BrokerId): void {
    this.broker(id).isActive = false;
    this.#leaveInSync(id);
    this.#dethrone(id);
    this.#commit();
  }

  unfence(id: BrokerId): void {
    this.broker(id).isActive = true;
    this.#elect();
    this.#commit();
  }

  /** Hand over to another member of the in-sync set. */
  moveLeader(to: BrokerId): boolean {
    if (!this.inSync.includes(to) || to === this.leader || !this.#mayLead(to)) return false;
    this.leader = to;
    this.#leaderEpoch += 1;
    this.#commit();
    return true;
  }

  stepAside(id: BrokerId, reason: AsideReason): void {
    // Who lost records comes back by catching up, like anybody else; the others have to be repaired first.
    if (reason !== 'lost-records') this.aside.add(id);
    if (reason === 'lost-records') this.lossy.add(id);
    this.#leaveInSync(id);
    if (reason === 'lost-records') this.eligible = this.eligible.filter((member) => member !== id);
    this.#dethrone(id);
    this.#commit();
  }

  repaired(id: BrokerId): void {
    this.aside.delete(id);
    this.#elect();
    this.#commit();
  }

  propose(from: BrokerId, proposal: InSyncProposal): InSyncOutcome {
    if (proposal.partitionEpoch !== this.#partitionEpoch) return 'unknown';
    const isLeaders = from === this.leader && proposal.leaderEpoch === this.#leaderEpoch;
    const areCurrent = proposal.members.every(({ brokerId, brokerEpoch: epoch }) => {
      const broker = this.broker(brokerId);
      return broker.isActive && broker.brokerEpoch === epoch && !this.aside.has(brokerId);
    });
    if (!isLeaders || !areCurrent) return 'refused';
    this.#setInSync(proposal.members.map(({ brokerId }) => brokerId));
    this.#recovery = proposal.recovery;
    this.#isProposed = true;
    this.#commit();
    return 'accepted';
  }

  /** An operator's choice. */
  electUnclean(id: BrokerId): void {
    this.leader = id;
    this.inSync = [id];
    this.eligible = [];
    this.lossy.clear();
    this.aside.delete(id);
    this.#leaderEpoch += 1;
    this.#recovery = 'recovering';
    this.#uncleanEpochBefore = this.#uncleanEpoch;
    this.#uncleanEpoch = this.#leaderEpoch;
    this.#commit();
  }

  /** What was acknowledged under another minimum says nothing about who holds it now. */
  changeInSyncMin(inSyncMin: number): void {
    this.inSyncMin = inSyncMin;
    this.eligible = [];
    this.#commit();
  }

  #mayLead(id: BrokerId): boolean {
    return this.broker(id).isActive && !this.lossy.has(id) && !this.aside.has(id);
  }

  /** The last member stays. */
  #leaveInSync(id: BrokerId): void {
    const rest = this.inSync.filter((member) => member !== id);
    if (rest.length > 0) this.#setInSync(rest);
  }

  #setInSync(members: readonly BrokerId[]): void {
    const needed = Math.min(this.inSyncMin, this.#brokers.length);
    const held = new Set([...this.eligible, ...this.inSync]);
    const isEligible = (id: BrokerId): boolean => held.has(id) && !members.includes(id) && !this.lossy.has(id);
    this.eligible = members.length >= needed ? [] : [...held].filter(isEligible);
    this.inSync = this.#brokers.flatMap(({ brokerId }) => (members.includes(brokerId) ? [brokerId] : []));
    for (const member of members) if (members.length > 1) this.lossy.delete(member);
  }

  #dethrone(id: BrokerId): void {
    if (this.leader === id) {
      this.leader = undefined;
      this.#leaderEpoch += 1;
    }
    this.#elect();
  }

  #elect(): void {
    if (this.leader !== undefined) return;
    const inSync = this.inSync.find((member) => this.#mayLead(member));
    const elected = inSync ?? this.eligible.find((member) => this.#mayLead(member));
    if (elected === undefined) return;
    if (inSync === undefined) this.#setInSync([elected]);
    this.leader = elected;
    this.#leaderEpoch += 1;
  }

  /** The partition's epoch goes up only when the partition changes: fencing a mere replica leaves it as it is. */
  #commit(): void {
    this.#revision += 1;
    const state = JSON.stringify([
      this.inSync,
      this.eligible,
      this.leader,
      this.#leaderEpoch,
      this.#recovery,
      this.#uncleanEpoch,
      this.#brokers.map(({ directory }) => directory),
    ]);
    // A proposal is carried out by raising the epoch, even if it asks for the set that there is.
    if (state !== this.#state || this.#isProposed) this.#partitionEpoch += 1;
    this.#state = state;
    this.#isProposed = false;
    const replicas = this.#brokers.map(({ brokerId, directory, brokerEpoch: epoch, isActive }) => {
      return { brokerId, directory, brokerEpoch: epoch, isActive };
    });
    this.history.push({
      revision: logIndex(this.#revision),
      replicas,
      inSync: this.inSync,
      leader: this.leader,
      leaderEpoch: leaderEpoch(this.#leaderEpoch),
      partitionEpoch: partitionEpoch(this.#partitionEpoch),
      recovery: this.#recovery,
      uncleanEpoch: epochOf(this.#uncleanEpoch),
      uncleanEpochBefore: epochOf(this.#uncleanEpochBefore),
      inSyncMin: this.inSyncMin,
      durability: this.#durability,
    });
  }
}

function epochOf(value: number | undefined): LeaderEpoch | undefined {
  return value === undefined ? undefined : leaderEpoch(value);
}
