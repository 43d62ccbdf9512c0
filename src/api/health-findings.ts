/**
 * What is wrong with the cluster, and what to do about it, by what one node knows.
 *
 * Codes are for programs and stay; sentences are for people. The cost is that of looking at every topic once
 * (partition-counts.ts remembers), and a finding names the first few that it is about.
 */
import { configValue } from '../metadata/effective-configs.ts';
import type { MetadataImage, PartitionImage, TopicImage } from '../metadata/metadata-image.ts';
import type { QuorumDescription } from '../quorum/quorum-description.ts';
import type { HealthFinding, HealthSeverityName } from '../wire/cluster-messages.ts';
import { countPartitions, isLeaderless, isUnderReplicated } from './partition-counts.ts';

export const subjectsShownMax = 10;
/** Ten heartbeats at the default pace: long enough that a busy machine is no finding. */
const silentMsMin = 3000;

const gravity: Readonly<Record<HealthSeverityName, number>> = { critical: 2, warning: 1, notice: 0 };

/** The gravest first. */
export function healthFindings(quorum: QuorumDescription, image: MetadataImage): readonly HealthFinding[] {
  const findings = [...quorumFindings(quorum), ...brokerFindings(image), ...partitionFindings(image)];
  return findings.sort((left, right) => gravity[right.severity] - gravity[left.severity]);
}

function quorumFindings({ leaderId, voters }: QuorumDescription): HealthFinding[] {
  const findings: HealthFinding[] = [];
  if (leaderId === undefined)
    findings.push({
      code: 'NO_LEADER',
      severity: 'critical',
      summary: 'the quorum has no leader, so no metadata can be changed',
      remedy: 'see that a majority of the voters runs and that they reach each other: odradek quorum status',
      subjects: [],
      subjectCount: 0,
    });
  const silent = voters.filter(({ lastContactMs }) => lastContactMs !== undefined && lastContactMs > silentMsMin);
  if (silent.length > 0)
    findings.push({
      code: 'VOTER_SILENT',
      severity: 'warning',
      summary: `the leader has not heard from ${of(silent.length, 'voter')} for more than ${silentMsMin / 1000} s`,
      remedy: 'start it again, or see whether the leader reaches its peer endpoint',
      ...about(silent.map(({ voterId }) => `voter ${voterId}`)),
    });
  if (voters.length > 0 && voters.length < 3)
    findings.push({
      code: 'QUORUM_FRAGILE',
      severity: 'notice',
      summary: `a quorum of ${voters.length} does not survive the loss of a voter`,
      remedy: 'add voters until there are 3 (AddVoter)',
      subjects: [],
      subjectCount: 0,
    });
  return findings;
}

function brokerFindings({ brokers, topics }: MetadataImage): HealthFinding[] {
  if (brokers.size === 0)
    return [
      {
        code: 'NO_BROKERS',
        severity: topics.size === 0 ? 'notice' : 'critical',
        summary: 'no broker is registered, so no topic can be created',
        remedy: 'start brokers that know the voters of this cluster',
        subjects: [],
        subjectCount: 0,
      },
    ];
  const fenced = [...brokers.values()].filter(({ state }) => state === 'fenced');
  if (fenced.length === 0) return [];
  return [
    {
      code: 'BROKER_FENCED',
      severity: 'warning',
      summary: `not heard from, or not caught up yet: ${of(fenced.length, 'broker')} of ${brokers.size}`,
      remedy: 'start it again, or see whether it reaches the voters',
      ...about(fenced.map(({ brokerId }) => `broker ${brokerId}`)),
    },
  ];
}

function partitionFindings(image: MetadataImage): HealthFinding[] {
  const leaderless: string[] = [];
  const underReplicated: string[] = [];
  const tooFew: string[] = [];
  for (const topic of image.topics.values()) {
    const counts = countPartitions(topic);
    if (counts.leaderless > 0) leaderless.push(...namesOf(topic, isLeaderless));
    if (counts.underReplicated === 0) continue;
    underReplicated.push(...namesOf(topic, isUnderReplicated));
    const isTooSmall = ({ inSync, replicas }: PartitionImage): boolean =>
      inSync.length < minInSync(image, topic, replicas.length);
    tooFew.push(...namesOf(topic, isTooSmall));
  }
  const findings: HealthFinding[] = [
    {
      code: 'PARTITION_LEADERLESS',
      severity: 'critical',
      summary: `neither written nor read, because no in-sync broker is there: ${of(leaderless.length, 'partition')}`,
      remedy: 'start the brokers that keep it (GetTopic shows the in-sync ones)',
      ...about(leaderless),
    },
    {
      code: 'PARTITION_UNDER_MIN_ISR',
      severity: 'critical',
      summary: `no writes with acks=all, because fewer brokers are in sync than min.insync.replicas: ${of(tooFew.length, 'partition')}`,
      remedy: 'bring back the brokers that keep it; lowering min.insync.replicas gives up safety',
      ...about(tooFew),
    },
    {
      code: 'PARTITION_UNDER_REPLICATED',
      severity: 'warning',
      summary: `fewer in-sync brokers than replicas: ${of(underReplicated.length, 'partition')}`,
      remedy: 'bring back the brokers that are missing, or wait until they have caught up',
      ...about(underReplicated),
    },
  ];
  return findings.filter(({ subjectCount }) => subjectCount > 0);
}

function minInSync(image: MetadataImage, { topicId }: TopicImage, replicaCount: number): number {
  const value = configValue(image, { scope: 'topic', topicId }, 'min.insync.replicas');
  if (value !== 'auto') return Number(value);
  return replicaCount >= 3 ? 2 : 1;
}

function namesOf({ name, partitions }: TopicImage, isMeant: (partition: PartitionImage) => boolean): string[] {
  return partitions.flatMap((partition, number) => (isMeant(partition) ? [`${name}-${number}`] : []));
}

function about(all: readonly string[]): Pick<HealthFinding, 'subjects' | 'subjectCount'> {
  return { subjects: all.slice(0, subjectsShownMax), subjectCount: all.length };
}

function of(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}
