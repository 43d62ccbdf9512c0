/**
 * A counter for trials of the quorum, made of what the metadata has: blocks of producer ids. Each block begins where
 * the one before ended, so its number tells how many were given out, each once. They are asked for in the name of a
 * broker that is registered and never started.
 */
import type { BrokerEpoch } from '../../src/base/epochs.ts';
import { brokerId, directoryId, incarnationId, type ClusterId } from '../../src/base/ids.ts';
import type { ControlReply } from '../../src/metadata/control-call.ts';
import { producerIdBlockSize } from '../../src/metadata/decide-brokers.ts';
import { featureDefinitions } from '../../src/metadata/feature-definitions.ts';
import type { MetadataRequest } from '../../src/metadata/metadata-command.ts';
import type { MetadataImage } from '../../src/metadata/metadata-image.ts';
import type { LeaderCall } from '../../src/raft/leader-call.ts';
import { controlCallCodec, controlReplyCodec } from '../../src/wire/control-codec.ts';

export type CountReply =
  | { readonly type: 'counted'; readonly counter: number }
  | { readonly type: 'other'; readonly what: string };

const counterBroker = brokerId(900);

/** Its revision is the epoch that `countOne` needs. */
export function registerCounter(clusterId: ClusterId): MetadataRequest {
  return {
    requestId: 'counter',
    command: {
      type: 'register-broker',
      brokerId: counterBroker,
      clusterId,
      incarnation: incarnationId('c'.repeat(32)),
      directories: [directoryId('d'.repeat(32))],
      rack: undefined,
      endpoints: { api: 'nowhere:1', peer: 'nowhere:2' },
      features: featureDefinitions.map(({ name, levelMin, levelMax }) => ({ name, levelMin, levelMax })),
    },
  };
}

export function countOne(requestId: string, brokerEpoch: BrokerEpoch): MetadataRequest {
  return { requestId, command: { type: 'allocate-producer-ids', brokerId: counterBroker, brokerEpoch } };
}

export function controlCall(request: MetadataRequest): LeaderCall {
  return { type: 'control', request: controlCallCodec.encode({ type: 'request', request }) };
}

export function controlReply(reply: Uint8Array): ControlReply {
  const decoded = controlReplyCodec.decode(reply);
  if (!decoded.ok) throw new Error(`a reply of the controller cannot be read: ${decoded.problem.why}`);
  return decoded.value;
}

export function countReply(reply: ControlReply): CountReply {
  if (reply.type === 'decided' && reply.outcome.type === 'done') {
    const { answer } = reply.outcome;
    if (answer.type === 'producer-ids-allocated')
      return { type: 'counted', counter: answer.firstProducerId / producerIdBlockSize + 1 };
  }
  return { type: 'other', what: JSON.stringify(reply) };
}

/** How many were given out, as an image has it. */
export function countOf(image: MetadataImage): number {
  return image.nextProducerId / producerIdBlockSize;
}
