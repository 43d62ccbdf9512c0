/**
 * What holds between all replicas of one partition, over their whole life: an outside memory of what was written where,
 * what was committed, and what was acknowledged, against which every step is held.
 *
 * It believes effects and what disks report, not what cores think of themselves. The numbers are those of README.md.
 */
import { assert, type Facts } from '../base/assert.ts';
import type { BrokerId, DirectoryId } from '../base/ids.ts';
import { offset, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import { CommittedHistory, isSameBatch } from './committed-history.ts';
import type { AssignedBatch } from './partition-batch.ts';
import { PartitionDurableModel } from './partition-durable-model.ts';
import type { FetchReadyEffect, PartitionEffect } from './partition-effect.ts';
import type { PartitionEvent, RequestId } from './partition-event.ts';
import { PartitionInvariants } from './partition-invariants.ts';
import type { PartitionMetadata } from './partition-metadata.ts';
import type { PartitionView } from './partition-view.ts';
import { ProducerSequences } from './producer-sequences.ts';

type Produced = Extract<PartitionEvent, { type: 'produce' }>;

interface Watched {
  view: PartitionView;
  invariants: PartitionInvariants;
  readonly model: PartitionDurableModel;
  readonly asked: Map<RequestId, Produced>;
  steps: number;
  /** Before the step: what lay below was dropped, and is in the model only. */
  localStart: Offset;
}

/** What the controller has committed, which replicas may not know yet. */
export interface ControllerFacts {
  readonly metadata: PartitionMetadata;
  readonly eligible: readonly BrokerId[];
  /** Known to have lost something: they count for nothing. */
  readonly lossy: ReadonlySet<BrokerId>;
}

export class PartitionClusterInvariants {
  readonly #watched = new Map<DirectoryId, Watched>();
  readonly #history = new CommittedHistory();
  /** Who led in an epoch, and in which life. */
  readonly #leaderOfEpoch = new Map<LeaderEpoch, string>();
  readonly #written = new Map<string, AssignedBatch>();
  readonly #refused = new WeakSet<Uint8Array>();
  #controller: ControllerFacts | undefined;
  /** The furthest that any leader showed as the start. */
  #start: Offset = offset(0);

  get committedEnd(): Offset {
    return this.#history.end;
  }

  get committed(): readonly AssignedBatch[] {
    return this.#history.batches;
  }

  /** Acknowledged to producers who wanted all in-sync replicas to hold it. */
  get acknowledged(): readonly AssignedBatch[] {
    return this.#history.acknowledged;
  }

  modelOf(directory: DirectoryId): PartitionDurableModel | undefined {
    return this.#watched.get(directory)?.model;
  }

  /** A core was made, at first or again, from what its directory holds. */
  onStart(view: PartitionView, mayHaveLost = false): void {
    const before = this.#watched.get(view.directory);
    before?.model.onRestart(view, mayHaveLost);
    const model = before?.model ?? new PartitionDurableModel(view);
    const invariants = new PartitionInvariants(view);
    const { localStart } = view;
    this.#watched.set(view.directory, { view, invariants, model, asked: new Map(), steps: 0, localStart });
    this.#checkProducers(view, model);
  }

  onController(facts: ControllerFacts): void {
    this.#controller = facts;
    this.#checkMembers();
  }

  onStep(view: PartitionView, event: PartitionEvent, effects: readonly PartitionEffect[]): void {
    const watched = this.#watched.get(view.directory);
    assert(watched !== undefined, 'a replica starts before it steps', () => ({ broker: view.brokerId }));
    if (event.type === 'produce') watched.asked.set(event.requestId, event);
    watched.model.onEvent(event);
    for (const effect of effects) {
      this.#checkCut(watched, effect);
      watched.model.onEffect(effect);
      if (effect.type === 'append') for (const batch of effect.batches) this.#checkWritten(view, batch);
    }
    const loss = effects.find(({ type }) => type === 'possible-loss');
    watched.invariants.check(loss !== undefined);
    this.#checkCommitted(view, watched.model);
    for (const effect of effects) this.#checkEffect(watched, effect);
    watched.steps += 1;
    watched.localStart = view.localStart;
    if (watched.steps % 16 === 0 || event.type === 'log-cut') this.#checkProducers(view, watched.model);
    this.#checkMembers();
  }

  /** Nothing between replicas hangs on the other effects. */
  #checkEffect(watched: Watched, effect: PartitionEffect): void {
    const { view, model } = watched;
    if (effect.type === 'became-leader') this.#checkElected(view, model);
    if (effect.type === 'leadership-established') this.#checkEstablished(view);
    if (effect.type === 'produce-done') this.#checkAcknowledged(watched, effect.requestId, effect.baseOffset);
    if (effect.type === 'fetch-ready') this.#checkRead(view, model, effect);
    if (effect.type === 'drop-below') this.#start = offset(Math.max(this.#start, effect.start));
    if (effect.type === 'possible-loss') this.#onPossibleLoss(view, effect);
    const refused = effect.type === 'produce-refused' ? watched.asked.get(effect.requestId) : undefined;
    if (refused !== undefined) this.#refused.add(refused.batch.ownedBytes);
  }

  /** P3: an offset and an epoch name one batch, whoever holds it, and however often its leader was started. */
  #checkWritten(view: PartitionView, batch: AssignedBatch): void {
    const key = `${batch.baseOffset}/${batch.leaderEpoch}`;
    const known = this.#written.get(key);
    const facts = (): Facts => ({ broker: view.brokerId, key });
    if (known === undefined) this.#written.set(key, batch);
    else assert(isSameBatch(known, batch), 'P3: an offset and an epoch name one batch', facts);
    assert(!this.#refused.has(batch.ownedBytes), 'P17: what was refused is not appended', facts);
  }

  #checkElected(view: PartitionView, model: PartitionDurableModel): void {
    const { leaderEpoch } = view;
    assert(leaderEpoch !== undefined, 'a leader has an epoch');
    const name = `${view.brokerId} in ${view.brokerEpoch}`;
    const facts = (): Facts => ({ leaderEpoch, name, end: model.end, committed: this.#history.end });
    assert(!this.#leaderOfEpoch.has(leaderEpoch), 'P10: an epoch is led once, in one life of one broker', facts);
    this.#leaderOfEpoch.set(leaderEpoch, name);
    if (view.isRecovering) return;
    for (const batch of this.#history.before(leaderEpoch)) {
      const held = model.findBatch(batch.baseOffset);
      const isDeleted = batch.nextOffset <= view.localStart;
      assert(
        isDeleted || (held !== undefined && isSameBatch(held, batch)),
        'P1: a leader holds all that was committed',
        () => ({
          ...facts(),
          lacks: batch.baseOffset,
        }),
      );
    }
  }

  #checkEstablished(view: PartitionView): void {
    const facts = (): Facts => ({ broker: view.brokerId, watermark: view.watermark, start: view.start });
    const before = view.leaderEpoch === undefined ? undefined : this.#history.before(view.leaderEpoch).at(-1);
    assert(view.watermark >= (before?.nextOffset ?? 0), 'P2: a leader shows no less than others did before', facts);
    assert(view.start >= this.#start, 'P15: the start does not go back from leader to leader', facts);
  }

  /** A watermark is a leader's word that everything below is committed, or a follower's that it heard so. */
  #checkCommitted(view: PartitionView, model: PartitionDurableModel): void {
    const { watermark } = view;
    if (this.#history.isOutdated(view.watermarkEpoch)) return;
    const facts = (): Facts => ({ broker: view.brokerId, watermark, committed: this.#history.end });
    if (watermark > this.#history.end) {
      const { leaderEpoch } = view;
      assert(view.role === 'leader' && leaderEpoch !== undefined, 'P2: leaders commit, followers learn of it', facts);
      const batches = model.batchesFrom(this.#history.end).filter(({ nextOffset }) => nextOffset <= watermark);
      this.#history.extend(batches, watermark, leaderEpoch);
    }
    const last = this.#history.lastUpTo(watermark);
    if (last === undefined || last.nextOffset <= view.localStart) return;
    // The rest follows: within a log, what comes before a batch is what came before it when it was written.
    const held = model.findBatch(last.baseOffset);
    assert(held !== undefined && isSameBatch(held, last), 'P3: logs agree below the watermark', facts);
  }

  /** P6: whoever may be elected in the ordinary way holds everything that is committed, safe as the topic asks. */
  #checkMembers(): void {
    if (this.#controller === undefined) return;
    const { metadata, eligible, lossy } = this.#controller;
    if (metadata.recovery === 'recovering') return;
    const last = this.#history.lastUpTo(this.#history.end);
    if (last === undefined) return;
    for (const { brokerId, directory } of metadata.replicas) {
      const mayLead = metadata.inSync.includes(brokerId) || eligible.includes(brokerId);
      if (!mayLead || lossy.has(brokerId)) continue;
      const model = this.#watched.get(directory)?.model;
      const held = model?.findBatch(last.baseOffset);
      const safeTo = metadata.durability === 'flushed' ? model?.durable : model?.written;
      const isGone = (this.#watched.get(directory)?.view.localStart ?? 0) >= last.nextOffset;
      const isHeld = held !== undefined && isSameBatch(held, last) && (safeTo ?? 0) >= last.nextOffset;
      assert(isHeld || isGone, 'P6: whoever may lead holds durably what is committed', () => ({
        brokerId,
        safeTo,
        committed: last.nextOffset,
        held: held?.leaderEpoch,
        epoch: last.leaderEpoch,
      }));
    }
  }

  #checkAcknowledged({ view, model, asked }: Watched, requestId: RequestId, baseOffset: Offset): void {
    const request = asked.get(requestId);
    assert(request !== undefined, 'P17: a request is answered once', () => ({ requestId }));
    asked.delete(requestId);
    // A duplicate may be of a batch that was deleted, and that this replica never held.
    const held = model.findBatch(baseOffset) ?? this.#history.find(baseOffset);
    const { producer, offsetCount } = request.batch;
    const facts = (): Facts => ({ broker: view.brokerId, requestId, baseOffset, producer, held: held?.producer });
    assert(held !== undefined, 'P1: what is acknowledged is in the log', facts);
    assert(
      held.nextOffset - held.baseOffset === offsetCount,
      'I2: an answer names the batch that was asked for',
      facts,
    );
    if (producer !== undefined) {
      const isIts =
        held.producer?.producerId === producer.producerId && held.producer.baseSequence === producer.baseSequence;
      assert(isIts, 'I2: an answer names the batch that was asked for', facts);
    }
    if (request.acks === 'all') {
      if (!this.#history.isOutdated(view.watermarkEpoch)) this.#history.acknowledge(held, facts);
      return;
    }
    assert(held.nextOffset <= model.written, 'acks=leader is answered when the leader has written', facts);
  }

  /** P2, P19: whatever is read is committed. */
  #checkRead(view: PartitionView, model: PartitionDurableModel, { from, upTo, watermark }: FetchReadyEffect): void {
    const facts = (): Facts => ({ broker: view.brokerId, from, upTo, committed: this.#history.end });
    if (this.#history.isOutdated(view.watermarkEpoch)) return;
    assert(from >= upTo || upTo <= this.#history.end, 'P2: only what is committed is read', facts);
    assert((watermark ?? 0) <= this.#history.end, 'P2: no watermark is shown beyond what is committed', facts);
    for (const batch of from < upTo ? model.batches : []) {
      if (batch.nextOffset <= from || batch.baseOffset >= upTo) continue;
      const committed = this.#history.find(batch.baseOffset);
      assert(committed !== undefined && isSameBatch(committed, batch), 'P19: what is read is what is committed', facts);
    }
  }

  /** P9: before the effect reaches the model. */
  #checkCut({ view, model, localStart }: Watched, effect: PartitionEffect): void {
    if (effect.type !== 'cut' && effect.type !== 'reset') return;
    const from = effect.type === 'cut' ? effect.end : offset(0);
    for (const batch of model.batchesFrom(from)) {
      if (batch.nextOffset <= localStart) continue;
      // What lies below the start of the leader's log is deleted there.
      if (effect.type === 'reset' && batch.nextOffset <= effect.start) continue;
      assert(!this.#history.isCommittedUpTo(view.leaderEpoch, batch), 'P9: what is committed is never cut', () => ({
        broker: view.brokerId,
        effect,
        batch: batch.baseOffset,
      }));
    }
  }

  #onPossibleLoss(view: PartitionView, effect: Extract<PartitionEffect, { type: 'possible-loss' }>): void {
    const uncleanEpoch = this.#controller?.metadata.uncleanEpoch;
    const facts = (): Facts => ({ broker: view.brokerId, effect, uncleanEpoch });
    assert(uncleanEpoch !== undefined, 'P12: records are given up after an unclean election only', facts);
    if (!view.isRecovering) return;
    this.#history.giveUp(effect.from, effect.leaderEpoch);
    this.#start = offset(Math.min(this.#start, view.start));
  }

  /** I3: what a replica knows of producers is what its batches say. */
  #checkProducers(view: PartitionView, model: PartitionDurableModel): void {
    // What cannot be read tells nothing of its producers; once it is repaired it is replayed again.
    if (view.isCutting || view.aside === 'log-failed' || view.aside === 'damaged') return;
    const { producersMax, producerWindow } = view.limits;
    const replayed = new ProducerSequences({ producersMax, window: producerWindow }, model.producers);
    for (const batch of model.batches) replayed.replay(batch);
    const isSame = JSON.stringify(replayed.snapshot()) === JSON.stringify(view.producers);
    assert(isSame, 'I3: live producer state is what a replay comes to', () => ({
      broker: view.brokerId,
      live: view.producers,
      replayed: replayed.snapshot(),
    }));
  }
}
