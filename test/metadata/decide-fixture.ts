/**
 * Commands with everything that does not matter filled in, and a place to decide them: one image that grows.
 */
import { brokerEpoch } from '../../src/base/epochs.ts';
import { brokerId, clusterId, directoryId, incarnationId, topicId, type BrokerId } from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import { decideFencing, decideUnfencing } from '../../src/metadata/decide-brokers.ts';
import { decideRequest } from '../../src/metadata/decide-command.ts';
import type { Decided, DecideContext } from '../../src/metadata/decide-context.ts';
import { featureDefinitions } from '../../src/metadata/feature-definitions.ts';
import type {
  CreateTopic,
  DeleteTopic,
  MetadataAnswer,
  MetadataCommand,
  MetadataRefusal,
  RegisterBroker,
  TopicRef,
  UpdateTopic,
} from '../../src/metadata/metadata-command.ts';
import {
  emptyImage,
  type BrokerImage,
  type MetadataImage,
  type PartitionImage,
} from '../../src/metadata/metadata-image.ts';
import { assertImageInvariants, assertStepInvariants } from '../../src/metadata/image-invariants.ts';
import type { MetadataRecord } from '../../src/metadata/metadata-record.ts';
import { MetadataReplay } from '../../src/metadata/metadata-replay.ts';
import { idOf } from './metadata-fixture.ts';

export const ourCluster = clusterId(idOf(1));

export function createTopic(name: string, more: Partial<CreateTopic> = {}): CreateTopic {
  return {
    type: 'create-topic',
    name,
    partitionCount: undefined,
    replicationFactor: undefined,
    assignments: [],
    configs: [],
    ifNotExists: false,
    validateOnly: false,
    ...more,
  };
}

export function updateTopic(name: string, more: Partial<UpdateTopic> = {}): UpdateTopic {
  const rest = { assignments: [], configs: [], expectedRevision: undefined, validateOnly: false };
  return { type: 'update-topic', topic: named(name), partitionCount: undefined, ...rest, ...more };
}

export function deleteTopic(name: string, more: Partial<DeleteTopic> = {}): DeleteTopic {
  const rest = { ifExists: false, expectedRevision: undefined, validateOnly: false };
  return { type: 'delete-topic', topic: named(name), ...rest, ...more };
}

export function named(name: string): TopicRef {
  return { by: 'name', name, topicId: undefined };
}

export function registerBroker(number: number, life = 1, more: Partial<RegisterBroker> = {}): RegisterBroker {
  return {
    type: 'register-broker',
    brokerId: brokerId(number),
    clusterId: ourCluster,
    incarnation: incarnationId(idOf(number * 1000 + life)),
    directories: [directoryId(idOf(2000 + number))],
    rack: undefined,
    endpoints: { api: `b${number}:7091`, peer: `b${number}:7191` },
    features: [{ name: 'metadata', levelMin: 1, levelMax: 1 }],
    ...more,
  };
}

/** Every change is replayed at once, and every invariant looked at after it. */
export class DecideStage {
  #image: MetadataImage = emptyImage;
  readonly #context: DecideContext;
  #ids = 1_000_000;
  /** Brokers whose present incarnation is heard from. */
  readonly sessions = new Set<BrokerId>();

  constructor(more: Partial<DecideContext> = {}) {
    this.#context = {
      clusterId: ourCluster,
      uniqueId: () => idOf((this.#ids += 1)),
      integerBelow: () => 0,
      hasSession: (broker) => this.sessions.has(broker),
      features: featureDefinitions,
      ...more,
    };
  }

  get image(): MetadataImage {
    return this.#image;
  }

  decide(command: MetadataCommand): Decided {
    return decideRequest(this.#image, { requestId: 'r', command }, this.#context);
  }

  /** Decided, and then so. */
  ask(command: MetadataCommand): MetadataAnswer | MetadataRefusal {
    const decided = this.decide(command);
    if (!decided.ok) return decided.problem;
    this.replay(decided.value.records);
    return decided.value.answer;
  }

  replay(records: readonly MetadataRecord[]): void {
    const before = this.#image;
    const replay = new MetadataReplay(before);
    replay.addBatch(logIndex(before.revision + 1), { number: before.batchCount + 1, request: undefined, records });
    const delta = replay.finish();
    assertImageInvariants(delta.after);
    assertStepInvariants(delta);
    this.#image = delta.after;
  }

  broker(number: number): BrokerImage {
    const broker = this.#image.brokers.get(brokerId(number));
    if (broker === undefined) throw new Error(`broker ${number} is not registered`);
    return broker;
  }

  /** Registers it in its n-th life and lets it take part. */
  join(number: number, life = 1, more: Partial<RegisterBroker> = {}): void {
    this.ask(registerBroker(number, life, more));
    this.unfence(number);
  }

  fence(number: number): void {
    this.replay(decideFencing(this.#image, brokerId(number), this.broker(number).brokerEpoch));
  }

  unfence(number: number): void {
    this.replay(decideUnfencing(this.#image, brokerId(number), this.broker(number).brokerEpoch));
  }

  partition(name: string, number = 0): PartitionImage {
    const id = this.#image.topicIdsByName.get(name);
    const partition = id === undefined ? undefined : this.#image.topics.get(id)?.partitions[number];
    if (partition === undefined) throw new Error(`there is no partition ${number} of ${name}`);
    return partition;
  }
}

export const strangeTopic = topicId(idOf(424242));
export const strangeEpoch = brokerEpoch(424242);
