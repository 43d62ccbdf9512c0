/**
 * `odradek cluster info` and `cluster health`: the cluster in figures, and what is wrong with it.
 */
import {
  getClusterReplyCodec,
  getClusterRequestCodec,
  getHealthReplyCodec,
  getHealthRequestCodec,
  type GetClusterReply,
  type GetHealthReply,
  type HealthFinding,
} from '../wire/cluster-messages.ts';
import { CliError } from './cli-error.ts';
import { ask, type CommandContext } from './command-context.ts';
import { factLines, printSheet } from './print-listing.ts';
import { repeat } from './repeat-sheet.ts';

export async function clusterInfo(context: CommandContext): Promise<void> {
  const cluster = await fetchCluster(context);
  await printSheet(context, {
    name: cluster.clusterId,
    plain: plainCluster(cluster),
    text: () => clusterSheet(cluster),
  });
}

/** Fails when something does not work now, so that a script can branch on it. */
export async function clusterHealth(context: CommandContext, repeatEveryMs: number | undefined): Promise<void> {
  let critical = 0;
  await repeat(context, repeatEveryMs, async () => {
    const { reply } = await ask(context, {
      method: 'odradek.v1.ClusterService/GetHealth',
      request: undefined,
      requestCodec: getHealthRequestCodec,
      replyCodec: getHealthReplyCodec,
    });
    critical = reply.findings.filter(({ severity }) => severity === 'critical').length;
    return { name: reply.findings[0]?.severity ?? 'well', plain: plainHealth(reply), text: () => healthSheet(reply) };
  });
  if (critical > 0)
    throw new CliError({ exit: 'failed', message: `something does not work now (critical findings: ${critical})` });
}

export async function fetchCluster(context: CommandContext): Promise<GetClusterReply> {
  const { reply } = await ask(context, {
    method: 'odradek.v1.ClusterService/GetCluster',
    request: { consistency: 'linearizable' },
    requestCodec: getClusterRequestCodec,
    replyCodec: getClusterReplyCodec,
  });
  return reply;
}

export function plainCluster({ revision, ...cluster }: GetClusterReply): object {
  return { ...cluster, metadataRevision: revision };
}

function clusterSheet(cluster: GetClusterReply): string {
  const { clusterId, controllerId, voterCount, brokerCount, fencedBrokerCount, topicCount, partitionCount } = cluster;
  return factLines([
    ['cluster', clusterId],
    ['controller', controllerId === undefined ? 'none now' : `voter ${controllerId}`],
    ['voters', String(voterCount)],
    ['brokers', `${brokerCount} (${fencedBrokerCount} fenced)`],
    ['topics', String(topicCount)],
    ['partitions', String(partitionCount)],
    ['leaderless', String(cluster.leaderlessPartitionCount)],
    ['under-replicated', String(cluster.underReplicatedPartitionCount)],
    ['revision', String(cluster.revision)],
  ]);
}

function plainHealth({ findings, revision }: GetHealthReply): object {
  return { severity: findings[0]?.severity, findings, metadataRevision: revision };
}

function healthSheet({ findings }: GetHealthReply): string {
  return findings.length === 0 ? 'nothing is known to be wrong\n' : findings.map(findingLines).join('\n');
}

function findingLines({ severity, code, summary, remedy, subjects, subjectCount }: HealthFinding): string {
  const more = subjectCount > subjects.length ? ` and ${subjectCount - subjects.length} more` : '';
  const about = subjects.length === 0 ? '' : `  about: ${subjects.join(', ')}${more}\n`;
  return `${severity.toUpperCase()} ${code}: ${summary}\n${about}  next: ${remedy}\n`;
}
