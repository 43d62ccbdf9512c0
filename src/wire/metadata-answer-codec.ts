/**
 * Answers to commands of the metadata, as odradek.internal.v1.MetadataAnswer. Part of the disk format, because a
 * repeated request gets its first answer.
 */
import { assertUnreachable } from '../base/assert.ts';
import { positionFromOutside } from '../base/brand.ts';
import { incarnationIdFromOutside, topicIdFromOutside, type TopicId } from '../base/ids.ts';
import type { InSyncChangeOutcome, MetadataAnswer } from '../metadata/metadata-command.ts';
import { must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import { brokerFrom } from './metadata-record-codec.ts';

type Wire = odradek.internal.v1.MetadataAnswer.$Properties;

export function answerToWire(answer: MetadataAnswer): Wire {
  switch (answer.type) {
    case 'topic-created':
      return { topicCreated: answer };
    case 'topic-updated':
      return { topicUpdated: answer };
    case 'topic-deleted':
      return { topicDeleted: { topicId: answer.topicId ?? null, name: answer.name ?? null } };
    case 'configs-updated':
      return { configsUpdated: {} };
    case 'features-updated':
      return { featuresUpdated: {} };
    case 'broker-registered':
      return { brokerRegistered: answer };
    case 'broker-shutting-down':
      return { brokerShuttingDown: answer };
    case 'producer-ids-allocated':
      return { producerIdsAllocated: answer };
    case 'in-sync-changed':
      return { inSyncChanged: { outcomes: answer.outcomes.map((outcome) => outcomes[outcome]) } };
    case 'stepped-aside':
      return { steppedAside: answer };
    default:
      return assertUnreachable(answer);
  }
}

export function answerFromWire(message: Wire): MetadataAnswer {
  if (message.topicCreated) {
    const { topicId, name, partitionCount, replicationFactor, existedBefore } = message.topicCreated;
    return {
      type: 'topic-created',
      topicId: topicFrom(topicId),
      name: name ?? '',
      partitionCount: count('partition_count', partitionCount),
      replicationFactor: count('replication_factor', replicationFactor),
      existedBefore: existedBefore ?? false,
    };
  }
  if (message.topicUpdated) {
    const { topicId, name, partitionCount } = message.topicUpdated;
    const counted = count('partition_count', partitionCount);
    return { type: 'topic-updated', topicId: topicFrom(topicId), name: name ?? '', partitionCount: counted };
  }
  if (message.topicDeleted) {
    const { topicId, name } = message.topicDeleted;
    const id = typeof topicId === 'string' ? topicFrom(topicId) : undefined;
    return { type: 'topic-deleted', topicId: id, name: name ?? undefined };
  }
  if (message.configsUpdated) return { type: 'configs-updated' };
  if (message.featuresUpdated) return { type: 'features-updated' };
  return brokerAnswerFromWire(message);
}

function brokerAnswerFromWire(message: Wire): MetadataAnswer {
  if (message.brokerRegistered) {
    const { brokerId, incarnation } = message.brokerRegistered;
    const life = must('incarnation', incarnationIdFromOutside(incarnation ?? ''));
    return { type: 'broker-registered', brokerId: brokerFrom(brokerId), incarnation: life };
  }
  if (message.brokerShuttingDown) {
    const { brokerId, leadershipsKept } = message.brokerShuttingDown;
    const kept = count('leaderships_kept', leadershipsKept);
    return { type: 'broker-shutting-down', brokerId: brokerFrom(brokerId), leadershipsKept: kept };
  }
  if (message.producerIdsAllocated) {
    const { firstProducerId, count: size } = message.producerIdsAllocated;
    const first = count('first_producer_id', firstProducerId);
    return { type: 'producer-ids-allocated', firstProducerId: first, count: count('count', size) };
  }
  if (message.inSyncChanged) return { type: 'in-sync-changed', outcomes: outcomesFrom(message.inSyncChanged) };
  if (message.steppedAside) return { type: 'stepped-aside', brokerId: brokerFrom(message.steppedAside.brokerId) };
  return unreadable('answer', undefined, 'an answer that this release knows');
}

const { InSyncOutcome } = odradek.internal.v1;

const outcomes = {
  accepted: InSyncOutcome.IN_SYNC_OUTCOME_ACCEPTED,
  refused: InSyncOutcome.IN_SYNC_OUTCOME_REFUSED,
  stale: InSyncOutcome.IN_SYNC_OUTCOME_STALE,
} as const satisfies Record<InSyncChangeOutcome, odradek.internal.v1.InSyncOutcome>;

const outcomeNames = new Map(
  Object.entries(outcomes).map(([name, outcome]) => [outcome as number, name as InSyncChangeOutcome]),
);

function outcomesFrom(message: odradek.internal.v1.InSyncChangedAnswer.$Properties): readonly InSyncChangeOutcome[] {
  return (message.outcomes ?? []).map((outcome) => {
    return outcomeNames.get(outcome) ?? unreadable('outcomes', outcome, 'an outcome that this release knows');
  });
}

function topicFrom(value: string | null | undefined): TopicId {
  return must('topic_id', topicIdFromOutside(value ?? ''));
}

function count(field: string, value: number | null | undefined): number {
  return must(field, positionFromOutside<number>(field, value ?? 0));
}
