/**
 * The metadata of a quorum of one, without a log: the real controller and the real replay, and every batch is committed
 * as soon as it is proposed. For tests of services that need metadata behind them and no quorum.
 */
import { assert } from '../../src/base/assert.ts';
import { clusterId, type BrokerId } from '../../src/base/ids.ts';
import { logIndex, nextIndex, type LogIndex } from '../../src/base/raft-position.ts';
import { ok, refused, type Result } from '../../src/base/result.ts';
import type { ControllerEffect, ControllerEvent, RequestEnd } from '../../src/metadata/controller-event.ts';
import { featureDefinitions } from '../../src/metadata/feature-definitions.ts';
import type { MetadataCommand, MetadataRequest } from '../../src/metadata/metadata-command.ts';
import { MetadataController } from '../../src/metadata/metadata-controller.ts';
import type { MetadataDelta } from '../../src/metadata/metadata-delta.ts';
import { emptyImage, type MetadataImage } from '../../src/metadata/metadata-image.ts';
import { metadataLimits } from '../../src/metadata/metadata-limits.ts';
import { MetadataReplay } from '../../src/metadata/metadata-replay.ts';
import type { MetadataQuorum, MetadataReply, RevisionProblem } from '../../src/quorum/metadata-quorum.ts';
import { idOf, registered } from '../metadata/metadata-fixture.ts';

export const loneClusterId = clusterId('c'.repeat(32));

type EventBody<Event = ControllerEvent> = Event extends ControllerEvent ? Omit<Event, 'nowMs' | 'committed'> : never;

export class LoneController implements MetadataQuorum {
  image: MetadataImage = emptyImage;
  /** Instead of an answer to whatever is asked next. */
  nextReply: MetadataReply | undefined;
  /** Instead of a read of the quorum. */
  leaderless = false;
  /** Entries that others have acknowledged and this node does not have yet. */
  behindBy = 0;
  readonly requests: MetadataRequest[] = [];
  readonly #controller: MetadataController;
  readonly #listeners = new Set<(delta: MetadataDelta) => void>();
  readonly #ends = new Map<number, RequestEnd>();
  #lastId = 0;

  constructor() {
    this.#controller = new MetadataController({
      clusterId: loneClusterId,
      uniqueId: () => idOf(this.#nextId()),
      integerBelow: () => 0,
      features: featureDefinitions,
      sessionMs: 1500,
      pendingMax: 1000,
      remember: metadataLimits,
    });
    this.#step({ type: 'leads' });
  }

  request(request: MetadataRequest): Promise<MetadataReply> {
    this.requests.push(request);
    const forced = this.nextReply;
    this.nextReply = undefined;
    return Promise.resolve(forced ?? this.decide(request));
  }

  /** At once; for tests that prepare a scene. */
  decide(request: MetadataRequest): MetadataReply {
    const callId = this.#nextId();
    this.#step({ type: 'request', callId, request });
    const end = this.#ends.get(callId);
    assert(end !== undefined, 'a lone controller answers at once', { request });
    if (end.type === 'done' || end.type === 'refused' || end.type === 'outcome-unknown') return end;
    return { type: 'not-served', problem: { type: 'not-leader', leader: undefined } };
  }

  /** Decides what must be possible. */
  must(command: MetadataCommand): void {
    const reply = this.decide({ requestId: idOf(this.#nextId()), command });
    assert(reply.type === 'done', 'the scene can be prepared', { command, reply });
  }

  /** Registers brokers 1 to `count` and lets them catch up. */
  addBrokers(count: number): void {
    for (let number = 1; number <= count; number += 1) {
      const { brokerEpoch: _epoch, ...registration } = registered(number);
      this.must({
        ...registration,
        type: 'register-broker',
        clusterId: loneClusterId,
        features: featureDefinitions.map(({ name, levelMin, levelMax }) => ({ name, levelMin, levelMax })),
      });
      this.hear(registration.brokerId, false);
    }
  }

  /** A heartbeat of a broker that knows everything, the last one if it is leaving. */
  hear(brokerId: BrokerId, isLeaving: boolean): void {
    const broker = this.image.brokers.get(brokerId);
    assert(broker !== undefined, 'a registered broker is heard', { brokerId });
    const { revision } = this.image;
    const heartbeat = { brokerId, brokerEpoch: broker.brokerEpoch, revision, isLeaving };
    this.#step({ type: 'heartbeat', callId: this.#nextId(), heartbeat });
  }

  untilRevision(revision: LogIndex): Promise<Result<MetadataImage, RevisionProblem>> {
    const isThere = this.image.revision >= revision;
    return Promise.resolve(isThere ? ok(this.image) : refused({ type: 'behind', revision: this.image.revision }));
  }

  currentRevision(): ReturnType<MetadataQuorum['currentRevision']> {
    return Promise.resolve(
      this.leaderless
        ? refused({ type: 'not-leader', leader: undefined })
        : ok(logIndex(this.image.revision + this.behindBy)),
    );
  }

  onChange(listener: (delta: MetadataDelta) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As after a snapshot: everything may be different. */
  replaceImage(image: MetadataImage): void {
    const before = this.image;
    this.image = image;
    const none = { brokers: new Set<never>(), topicsCreated: new Set<never>(), topicsDeleted: new Set<never>() };
    const nothing = { ...none, partitions: new Map(), configs: new Set<never>(), features: new Set<never>() };
    for (const listener of this.#listeners) listener({ before, after: image, isWhole: true, ...nothing });
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #step(event: EventBody): void {
    for (const effect of this.#controller.step({ ...event, nowMs: 0, committed: this.image })) this.#perform(effect);
  }

  #perform(effect: ControllerEffect): void {
    if (effect.type === 'answer') this.#ends.set(effect.callId, effect.end);
    else if (effect.type === 'confirm') this.#step({ type: 'confirmed', callId: effect.callId, isLeader: true });
    else if (effect.type === 'propose') {
      const index = nextIndex(this.image.revision);
      const replay = new MetadataReplay(this.image);
      const isVoid = !replay.addBatch(index, effect.batch);
      const delta = replay.finish();
      this.image = delta.after;
      for (const listener of this.#listeners) listener(delta);
      this.#step({ type: 'batch-ended', batchId: effect.batchId, end: { type: 'committed', index, isVoid } });
    }
  }
}
