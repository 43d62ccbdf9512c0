/**
 * What was seen in the log of a simulated cluster, so that a campaign in which the interesting never happened fails.
 */
import type { MetadataDelta } from '../../../src/metadata/metadata-delta.ts';
import type { MetadataImage } from '../../../src/metadata/metadata-image.ts';
import type { SimulatedWorld } from '../../../src/simulation/simulated-world.ts';

export const metadataSightings = [
  'metadata: void batch',
  'metadata: name came back',
  'metadata: topic deleted',
  'metadata: partitions added',
  'metadata: leader moved',
  'metadata: partition without a leader',
  'metadata: leader came back',
  'metadata: in-sync set shrank',
  'metadata: broker fenced',
  'metadata: broker active',
  'metadata: broker shutting down',
  'metadata: broker began another life',
] as const;

type Sighting = (typeof metadataSightings)[number];

export class MetadataSightings {
  readonly #world: SimulatedWorld;
  readonly #names = new Set<string>();

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  onVoid(): void {
    this.#saw('metadata: void batch');
  }

  onEntry(delta: MetadataDelta): void {
    const { before, after } = delta;
    for (const topicId of delta.topicsCreated) {
      const { name } = after.topics.get(topicId) ?? { name: '' };
      if (this.#names.has(name)) this.#saw('metadata: name came back');
      this.#names.add(name);
    }
    if (delta.topicsDeleted.size > 0) this.#saw('metadata: topic deleted');
    for (const [topicId, partitions] of delta.partitions)
      for (const partition of partitions) this.#onPartition({ before, after, topicId, partition });
    for (const brokerId of delta.brokers) this.#onBroker(before.brokers.get(brokerId), after.brokers.get(brokerId));
  }

  #onPartition({ before, after, topicId, partition }: PartitionStep): void {
    const [was, is] = [before, after].map((image) => image.topics.get(topicId)?.partitions[partition]);
    if (is === undefined) return;
    if (was === undefined) return this.#saw('metadata: partitions added');
    if (is.inSync.length < was.inSync.length) this.#saw('metadata: in-sync set shrank');
    if (is.leader === was.leader) return;
    if (is.leader === undefined) this.#saw('metadata: partition without a leader');
    else this.#saw(was.leader === undefined ? 'metadata: leader came back' : 'metadata: leader moved');
  }

  #onBroker(was: Broker | undefined, is: Broker | undefined): void {
    if (is === undefined) return;
    if (was !== undefined && was.brokerEpoch < is.brokerEpoch) this.#saw('metadata: broker began another life');
    if (was?.state === is.state) return;
    if (is.state === 'active') this.#saw('metadata: broker active');
    else if (is.state === 'shutting-down') this.#saw('metadata: broker shutting down');
    else if (was !== undefined) this.#saw('metadata: broker fenced');
  }

  #saw(sighting: Sighting): void {
    this.#world.reached.count(sighting);
  }
}

type Broker = NonNullable<ReturnType<MetadataImage['brokers']['get']>>;

interface PartitionStep {
  readonly before: MetadataImage;
  readonly after: MetadataImage;
  readonly topicId: Parameters<MetadataImage['topics']['get']>[0];
  readonly partition: number;
}
