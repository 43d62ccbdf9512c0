/**
 * In-sync sets, as leaders want them changed, and replicas that step aside. Every change is a committed record, so
 * whoever counts in an acknowledgement is known to whoever is elected next.
 */
import type { BrokerEpoch } from '../base/epochs.ts';
import { partitionEpoch } from '../base/epochs.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { Decided } from './decide-context.ts';
import { inSyncMinOf, withInSync } from './in-sync-members.ts';
import type {
  ChangeInSync,
  InSyncChange,
  InSyncChangeOutcome,
  MetadataRefusal,
  StepAside,
} from './metadata-command.ts';
import type { BrokerImage, MetadataImage, PartitionImage } from './metadata-image.ts';
import { metadataLimits } from './metadata-limits.ts';
import type { PartitionChanged } from './metadata-record.ts';
import { changeOnComeBack, changeOnStepAside, isActive } from './partition-changes.ts';

export function decideChangeInSync(image: MetadataImage, command: ChangeInSync): Decided {
  const { changes } = command;
  const asked = checkAsked(image, command, 'changes', changes);
  if (!asked.ok) return asked;
  const judged = changes.map((change) => judge(image, command, change));
  const records = judged.flatMap(({ record }) => (record === undefined ? [] : [record]));
  return ok({ answer: { type: 'in-sync-changed', outcomes: judged.map(({ outcome }) => outcome) }, records });
}

export function decideStepAside(image: MetadataImage, command: StepAside): Decided {
  const { brokerId, partitions } = command;
  const asked = checkAsked(image, command, 'partitions', partitions);
  if (!asked.ok) return asked;
  const records = partitions.flatMap(({ topicId, partition, leaderEpoch, hasLost, isBack }) => {
    const place = { topicId, partition };
    const before = image.topics.get(topicId)?.partitions[partition];
    const isCurrent = before?.leaderEpoch === leaderEpoch;
    const stepAside = isCurrent ? changeOnStepAside(image, place, { brokerId, hasLost }) : undefined;
    const change = isBack ? changeOnComeBack(image, place, { brokerId, leaderEpoch }) : stepAside;
    return change === undefined ? [] : [change];
  });
  return ok({ answer: { type: 'stepped-aside', brokerId }, records });
}

interface Judged {
  readonly outcome: InSyncChangeOutcome;
  readonly record?: PartitionChanged;
}

function judge(image: MetadataImage, { brokerId }: ChangeInSync, change: InSyncChange): Judged {
  const { topicId, partition, leaderEpoch, members, recovery } = change;
  const before = image.topics.get(topicId)?.partitions[partition];
  if (before === undefined || before.leader !== brokerId || before.leaderEpoch !== leaderEpoch)
    return { outcome: 'refused' };
  if (before.partitionEpoch !== change.partitionEpoch) return { outcome: 'stale' };
  if (!areMembers(image, before, change, brokerId)) return { outcome: 'refused' };
  const wanted = members.map((member) => member.brokerId);
  const inSyncMin = inSyncMinOf(image, topicId, before.replicas.length);
  // Raised also when it is the set that there is: the leader learns by it that this very change was made.
  const epochs = { leaderEpoch, partitionEpoch: partitionEpoch(before.partitionEpoch + 1) };
  const sets = withInSync(before, wanted, inSyncMin);
  // Who has everything again can go on again.
  const aside = before.aside.filter((member) => !wanted.includes(member));
  return {
    outcome: 'accepted',
    record: { type: 'partition-changed', topicId, partition, ...epochs, ...sets, aside, recovery },
  };
}

/** M14: all of them replicas, each alive in the life that the leader means, the leader among them. */
function areMembers(
  image: MetadataImage,
  { replicas, recovery }: PartitionImage,
  change: InSyncChange,
  leader: ChangeInSync['brokerId'],
): boolean {
  const ids = new Set(change.members.map(({ brokerId }) => brokerId));
  if (ids.size !== change.members.length || !ids.has(leader)) return false;
  if (change.recovery === 'recovering' && recovery === 'recovered') return false;
  return change.members.every(({ brokerId, brokerEpoch }) => {
    const isReplica = replicas.some((replica) => replica.brokerId === brokerId);
    return isReplica && isLife(image, brokerId, brokerEpoch) && (brokerId === leader || isActive(image, brokerId));
  });
}

function isLife(image: MetadataImage, brokerId: BrokerImage['brokerId'], epoch: BrokerEpoch): boolean {
  return image.brokers.get(brokerId)?.brokerEpoch === epoch;
}

function checkAsked(
  image: MetadataImage,
  { brokerId, brokerEpoch }: Pick<BrokerImage, 'brokerId' | 'brokerEpoch'>,
  field: string,
  partitions: readonly { readonly topicId: string; readonly partition: number }[],
): Result<void, MetadataRefusal> {
  const broker = image.brokers.get(brokerId);
  if (broker === undefined) return refused({ type: 'broker-not-found', brokerId });
  if (broker.brokerEpoch !== brokerEpoch)
    return refused({ type: 'stale-broker-epoch', brokerId, current: broker.brokerEpoch });
  const { partitionChangesMax } = metadataLimits;
  if (partitions.length === 0 || partitions.length > partitionChangesMax)
    return refused({ type: 'invalid', field, why: `has not 1 to ${partitionChangesMax} entries` });
  const names = new Set(partitions.map(({ topicId, partition }) => `${topicId}-${partition}`));
  if (names.size < partitions.length) return refused({ type: 'invalid', field, why: 'names a partition twice' });
  return ok(undefined);
}
