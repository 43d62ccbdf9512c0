/**
 * Changes of in-sync sets, and replicas that step aside, on their way to the controller.
 */
import { brokerEpochFromOutside, partitionEpochFromOutside } from '../base/epochs.ts';
import { topicIdFromOutside } from '../base/ids.ts';
import { leaderEpochFromOutside } from '../base/offsets.ts';
import type { AsidePartition, ChangeInSync, InSyncChange, StepAside } from '../metadata/metadata-command.ts';
import { must } from './decode-message.ts';
import type { odradek } from './generated/messages.js';
import { brokerFrom, recoveryFrom, recoveryToWire } from './metadata-record-codec.ts';

type WireChange = odradek.internal.v1.InSyncChange.$Properties;
type WireAside = odradek.internal.v1.AsidePartition.$Properties;

export function changeInSyncToWire(command: ChangeInSync): odradek.internal.v1.ChangeInSyncCommand.$Properties {
  const { brokerId, brokerEpoch, changes } = command;
  return {
    brokerId,
    brokerEpoch,
    changes: changes.map((change): WireChange => {
      return { ...change, members: [...change.members], recovery: recoveryToWire(change.recovery) };
    }),
  };
}

export function changeInSyncFromWire(
  message: odradek.internal.v1.ChangeInSyncCommand.$Properties,
): Pick<ChangeInSync, 'type' | 'changes'> {
  return { type: 'change-in-sync', changes: (message.changes ?? []).map(changeFromWire) };
}

export function stepAsideToWire(command: StepAside): odradek.internal.v1.StepAsideCommand.$Properties {
  const { brokerId, brokerEpoch, partitions } = command;
  return { brokerId, brokerEpoch, partitions: [...partitions] };
}

export function stepAsideFromWire(
  message: odradek.internal.v1.StepAsideCommand.$Properties,
): Pick<StepAside, 'type' | 'partitions'> {
  return { type: 'step-aside', partitions: (message.partitions ?? []).map(asideFromWire) };
}

function changeFromWire(message: WireChange): InSyncChange {
  return {
    ...placeFrom(message),
    partitionEpoch: must('partition_epoch', partitionEpochFromOutside(message.partitionEpoch ?? 0)),
    members: (message.members ?? []).map(({ brokerId, brokerEpoch }) => {
      const epoch = must('members.broker_epoch', brokerEpochFromOutside(brokerEpoch ?? 0));
      return { brokerId: brokerFrom(brokerId), brokerEpoch: epoch };
    }),
    recovery: recoveryFrom(message.recovery),
  };
}

function asideFromWire(message: WireAside): AsidePartition {
  return { ...placeFrom(message), hasLost: message.hasLost ?? false, isBack: message.isBack ?? false };
}

function placeFrom(message: WireAside): Pick<AsidePartition, 'topicId' | 'partition' | 'leaderEpoch'> {
  return {
    topicId: must('topic_id', topicIdFromOutside(message.topicId ?? '')),
    partition: message.partition ?? 0,
    leaderEpoch: must('leader_epoch', leaderEpochFromOutside(message.leaderEpoch ?? 0)),
  };
}
