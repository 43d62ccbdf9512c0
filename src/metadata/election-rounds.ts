/**
 * Leaders who change although no broker comes or goes: back to the preferred replica, which the placement spread
 * evenly, and, where a topic allows it, to a replica that may lack records, when none that has them is there. Pure.
 *
 * The controller looks in rounds. What is found wanting has to be so in two rounds that follow each other, in the same
 * leadership: a replica that has just come back may go again, and one that only restarts is not to cost a topic its
 * records. So a leader moves, at the latest, two rounds after it could.
 */
import type { ElectionCounts } from './controller-event.ts';
import { configValue } from './effective-configs.ts';
import type { MetadataImage, PartitionImage, TopicImage } from './metadata-image.ts';
import { metadataLimits } from './metadata-limits.ts';
import type { PartitionChanged } from './metadata-record.ts';
import { changesOf, mayLead, type Change } from './partition-changes.ts';

export class ElectionRounds {
  #nextMs: number | undefined;
  /** The state in which the last round found nothing to do. */
  #settled: MetadataImage | undefined;
  /** What the last round found, by partition and leadership. */
  #wanted: ReadonlySet<string> = new Set();

  /** The elections that are due. */
  look(image: MetadataImage, nowMs: number): readonly PartitionChanged[] {
    const roundMs = Number(configValue(image, { scope: 'cluster' }, 'leader.election.round.ms'));
    const nextMs = this.#nextMs;
    if (nextMs === undefined || nowMs >= nextMs) this.#nextMs = nowMs + roundMs;
    if (nextMs === undefined || nowMs < nextMs || this.#isSettled(image)) return [];
    const found = electionsWanted(image);
    const due = found.filter((change) => this.#wanted.has(keyOf(change)));
    this.#wanted = new Set(found.map(keyOf));
    this.#settled = found.length === 0 ? image : undefined;
    return due.slice(0, metadataLimits.partitionChangesMax);
  }

  #isSettled({ brokers, topics, configs }: MetadataImage): boolean {
    const before = this.#settled;
    return before?.brokers === brokers && before.topics === topics && before.configs === configs;
  }
}

function keyOf({ topicId, partition, leaderEpoch }: PartitionChanged): string {
  return `${topicId}-${partition}-${leaderEpoch}`;
}

function electionsWanted(image: MetadataImage): readonly PartitionChanged[] {
  const isBalanced = configValue(image, { scope: 'cluster' }, 'auto.leader.rebalance.enable') === 'true';
  return changesOf(image, (topic, partition) => {
    if (partition.leader === undefined)
      return allowsUnclean(image, topic) ? uncleanElection(image, partition) : undefined;
    return isBalanced ? preferredElection(image, partition) : undefined;
  });
}

/** Undefined when the preferred replica leads, or lacks something, or cannot. */
function preferredElection(image: MetadataImage, partition: PartitionImage): Change | undefined {
  const { replicas, inSync, leader, recovery } = partition;
  const preferred = replicas[0]?.brokerId;
  if (preferred === undefined || preferred === leader || recovery === 'recovering') return undefined;
  return inSync.includes(preferred) && mayLead(image, partition, preferred) ? { leader: preferred } : undefined;
}

/** The log of whoever is elected counts from now on, whatever others hold: nobody but it is in sync or eligible. */
function uncleanElection(image: MetadataImage, partition: PartitionImage): Change | undefined {
  const heir = partition.replicas.find(({ brokerId }) => mayLead(image, partition, brokerId))?.brokerId;
  return heir === undefined ? undefined : { leader: heir, inSync: [heir], eligible: [], recovery: 'recovering' };
}

function allowsUnclean(image: MetadataImage, { topicId }: TopicImage): boolean {
  return configValue(image, { scope: 'topic', topicId }, 'unclean.leader.election.enable') === 'true';
}

export function countElections(elected: readonly PartitionChanged[]): ElectionCounts {
  const unclean = elected.filter(({ recovery }) => recovery === 'recovering').length;
  return { preferred: elected.length - unclean, unclean };
}
