/**
 * A command on an image: the records that carry it out and its answer, or why it is refused. Pure.
 *
 * The image is the controller's look ahead, so what is decided here may yet not come to be; nobody is answered before
 * it has (metadata-controller.ts).
 */
import { assertUnreachable } from '../base/assert.ts';
import { ok, refused } from '../base/result.ts';
import { decideAllocateProducerIds, decideRegisterBroker, decideShutDownBroker } from './decide-brokers.ts';
import { decideUpdateConfigs } from './decide-configs.ts';
import type { Decided, DecideContext } from './decide-context.ts';
import { decideUpdateFeatures } from './decide-features.ts';
import { decideCreateTopic, decideDeleteTopic, decideUpdateTopic } from './decide-topics.ts';
import { decideChangeInSync, decideStepAside } from './decide-in-sync.ts';
import type { MetadataAnswer, MetadataCommand, MetadataRequest } from './metadata-command.ts';
import type { MetadataImage } from './metadata-image.ts';
import { metadataLimits } from './metadata-limits.ts';

export function decideRequest(image: MetadataImage, request: MetadataRequest, context: DecideContext): Decided {
  const { requestId, command } = request;
  const { requestIdLengthMax } = metadataLimits;
  if (requestId === '' || requestId.length > requestIdLengthMax)
    return refused({ type: 'invalid', field: 'request_id', why: `has not 1 to ${requestIdLengthMax} characters` });
  const decided = decide(image, command, context);
  const isTrial = 'validateOnly' in command && command.validateOnly;
  return decided.ok && isTrial ? ok({ answer: decided.value.answer, records: [] }) : decided;
}

function decide(image: MetadataImage, command: MetadataCommand, context: DecideContext): Decided {
  switch (command.type) {
    case 'create-topic':
      return decideCreateTopic(image, command, context);
    case 'update-topic':
      return decideUpdateTopic(image, command, context);
    case 'delete-topic':
      return decideDeleteTopic(image, command);
    case 'update-configs':
      return decideUpdateConfigs(image, command);
    case 'update-features':
      return decideUpdateFeatures(image, command, context);
    case 'register-broker':
      return decideRegisterBroker(image, command, context);
    case 'shut-down-broker':
      return decideShutDownBroker(image, command);
    case 'allocate-producer-ids':
      return decideAllocateProducerIds(image, command);
    case 'change-in-sync':
      return decideChangeInSync(image, command);
    case 'step-aside':
      return decideStepAside(image, command);
    default:
      return assertUnreachable(command);
  }
}

/**
 * Whether an answer that is remembered under a request id can be this command's: a request id that was used for
 * something else must not make up an answer. Tells commands apart by what their answers name.
 */
export function isAnswerTo(command: MetadataCommand, answer: MetadataAnswer): boolean {
  switch (command.type) {
    case 'create-topic':
      return answer.type === 'topic-created' && answer.name === command.name;
    case 'update-topic':
      return answer.type === 'topic-updated' && isAbout(command.topic, answer);
    case 'delete-topic':
      return answer.type === 'topic-deleted' && isAbout(command.topic, answer);
    case 'update-configs':
      return answer.type === 'configs-updated';
    case 'update-features':
      return answer.type === 'features-updated';
    case 'register-broker':
      return answer.type === 'broker-registered' && answer.incarnation === command.incarnation;
    case 'shut-down-broker':
      return answer.type === 'broker-shutting-down' && answer.brokerId === command.brokerId;
    case 'allocate-producer-ids':
      return answer.type === 'producer-ids-allocated';
    case 'change-in-sync':
      return answer.type === 'in-sync-changed' && answer.outcomes.length === command.changes.length;
    case 'step-aside':
      return answer.type === 'stepped-aside' && answer.brokerId === command.brokerId;
    default:
      return assertUnreachable(command);
  }
}

type TopicAnswer = Extract<MetadataAnswer, { type: 'topic-updated' | 'topic-deleted' }>;

function isAbout(topic: Extract<MetadataCommand, { type: 'delete-topic' }>['topic'], answer: TopicAnswer): boolean {
  return topic.by === 'id' ? answer.topicId === topic.topicId : answer.name === topic.name;
}
