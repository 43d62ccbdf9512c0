/**
 * A controller with a log that the test commits, refuses and loses by hand, in the way its driver would.
 */
import { logIndex, type LogIndex } from '../../src/base/raft-position.ts';
import { brokerId } from '../../src/base/ids.ts';
import type {
  BatchEnd,
  ControllerEffect,
  ControllerEvent,
  HeartbeatEnd,
  RequestEnd,
} from '../../src/metadata/controller-event.ts';
import { featureDefinitions } from '../../src/metadata/feature-definitions.ts';
import { assertImageInvariants, assertStepInvariants } from '../../src/metadata/image-invariants.ts';
import { MetadataController } from '../../src/metadata/metadata-controller.ts';
import type { MetadataCommand } from '../../src/metadata/metadata-command.ts';
import { emptyImage, type BrokerImage, type MetadataImage } from '../../src/metadata/metadata-image.ts';
import type { MetadataBatch } from '../../src/metadata/metadata-record.ts';
import { MetadataReplay } from '../../src/metadata/metadata-replay.ts';
import { ourCluster, registerBroker } from './decide-fixture.ts';
import { idOf } from './metadata-fixture.ts';

type EventOf<Event> = Event extends unknown ? Omit<Event, 'nowMs' | 'committed'> : never;

export const sessionMs = 1500;

export class ControllerStage {
  readonly ends = new Map<number, RequestEnd>();
  readonly beats = new Map<number, HeartbeatEnd>();
  readonly proposed: { readonly batchId: number; readonly batch: MetadataBatch }[] = [];
  readonly confirms: number[] = [];
  readonly #controller: MetadataController;
  readonly #remember: { readonly rememberedRequestsMax: number };
  #image: MetadataImage;
  #lastCall = 0;
  #ids: number;
  nowMs = 10_000;

  constructor({ image = emptyImage, rememberedRequestsMax = 100, pendingMax = 50, firstId = 5_000 } = {}) {
    this.#image = image;
    this.#ids = firstId;
    this.#remember = { rememberedRequestsMax };
    this.#controller = new MetadataController({
      clusterId: ourCluster,
      uniqueId: () => idOf((this.#ids += 1)),
      integerBelow: () => 0,
      features: featureDefinitions,
      sessionMs,
      pendingMax,
      remember: this.#remember,
    });
  }

  get image(): MetadataImage {
    return this.#image;
  }

  get revision(): number {
    return this.#image.revision;
  }

  get lookAhead(): MetadataImage | undefined {
    return this.#controller.lookAhead;
  }

  feed(event: EventOf<ControllerEvent>): void {
    const effects = this.#controller.step({ ...event, nowMs: this.nowMs, committed: this.#image });
    for (const effect of effects) this.#take(effect);
  }

  /** Leads, with the founding batch committed. */
  lead(): this {
    this.feed({ type: 'leads' });
    this.commitAll();
    return this;
  }

  ask(requestId: string, command: MetadataCommand): number {
    const callId = (this.#lastCall += 1);
    this.feed({ type: 'request', callId, request: { requestId, command } });
    return callId;
  }

  beat(number: number, { isLeaving = false, revision = this.revision } = {}): HeartbeatEnd | undefined {
    const callId = (this.#lastCall += 1);
    const { brokerEpoch } = this.broker(number);
    const heartbeat = { brokerId: brokerId(number), brokerEpoch, revision: logIndex(revision), isLeaving };
    this.feed({ type: 'heartbeat', callId, heartbeat });
    return this.beats.get(callId);
  }

  broker(number: number): BrokerImage {
    const broker = this.#image.brokers.get(brokerId(number));
    if (broker === undefined) throw new Error(`broker ${number} is not registered`);
    return broker;
  }

  /** Registered, heard, and active. */
  join(number: number, life = 1): void {
    this.ask(`join ${number} ${life}`, registerBroker(number, life));
    this.commitAll();
    this.beat(number);
    this.commitAll();
  }

  /** Something else than metadata is in the log: the first entry of a leadership, or a set of voters. */
  commitOther(): void {
    this.#replay((replay) => {
      replay.advanceTo(logIndex(replay.revision + 1));
    });
  }

  /** The oldest proposal is in the log; says so unless `isSilent`. */
  commit({ isSilent = false } = {}): { readonly index: LogIndex; readonly isVoid: boolean } | undefined {
    const first = this.proposed.shift();
    if (first === undefined) return undefined;
    const index = logIndex(this.#image.revision + 1);
    let isVoid = false;
    this.#replay((replay) => {
      isVoid = !replay.addBatch(index, first.batch);
    });
    if (!isSilent) this.end(first.batchId, { type: 'committed', index, isVoid });
    return { index, isVoid };
  }

  end(batchId: number, end: BatchEnd): void {
    this.feed({ type: 'batch-ended', batchId, end });
  }

  /** Of the oldest. */
  refuse(limit?: string): void {
    const first = this.proposed.shift();
    if (first !== undefined) this.end(first.batchId, { type: 'refused', limit });
  }

  commitAll(): void {
    while (this.proposed.length > 0) this.commit();
    this.confirmAll();
  }

  confirmAll(isLeader = true): void {
    for (const callId of this.confirms.splice(0)) this.feed({ type: 'confirmed', callId, isLeader });
  }

  passMs(ms: number): void {
    for (let left = ms; left > 0; left -= 100) {
      this.nowMs += Math.min(100, left);
      this.feed({ type: 'tick' });
    }
  }

  #replay(change: (replay: MetadataReplay) => void): void {
    const replay = new MetadataReplay(this.#image, this.#remember);
    change(replay);
    const delta = replay.finish();
    assertImageInvariants(delta.after);
    assertStepInvariants(delta);
    this.#image = delta.after;
  }

  #take(effect: ControllerEffect): void {
    if (effect.type === 'propose') this.proposed.push(effect);
    if (effect.type === 'confirm') this.confirms.push(effect.callId);
    if (effect.type === 'answer') {
      if (this.ends.has(effect.callId)) throw new Error(`call ${effect.callId} is answered twice`);
      this.ends.set(effect.callId, effect.end);
    }
    if (effect.type === 'answer-heartbeat') this.beats.set(effect.callId, effect.end);
  }
}
