/**
 * The controller: on the leading voter, decides commands and hears brokers. A core; its contract is in
 * controller-event.ts.
 *
 * A command is decided at once, on the look ahead, and answered when its batch is committed (M2). An answer that
 * needs no batch (a refusal, a trial, something that is so already) waits too: until all that it was decided on is
 * committed, and until a read of the quorum has shown that nobody else led meanwhile. Otherwise a controller that was
 * deposed without knowing it could refuse what its successor has long made possible.
 * When it leads no longer it forgets everything: what was pending may or may not be committed by others.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { StateMachine } from '../base/state-machine.ts';
import { BrokerSessions } from './broker-sessions.ts';
import type {
  BatchEnd,
  BrokerHeartbeat,
  ControllerEffect,
  ControllerEvent,
  HeartbeatEnd,
  RequestEnd,
} from './controller-event.ts';
import { decideFencing, decideUnfencing } from './decide-brokers.ts';
import { decideRequest, isAnswerTo } from './decide-command.ts';
import type { DecideContext } from './decide-context.ts';
import { decideFirstFeatures } from './decide-features.ts';
import { countElections, ElectionRounds } from './election-rounds.ts';
import { LookAhead, type PendingBatch } from './look-ahead.ts';
import type { MetadataRequest } from './metadata-command.ts';
import type { MetadataImage } from './metadata-image.ts';
import type { AnsweredRequest, MetadataRecord } from './metadata-record.ts';
import type { RememberLimits } from './metadata-replay.ts';

export interface ControllerOptions extends Omit<DecideContext, 'hasSession'> {
  readonly sessionMs: number;
  /** Batches proposed and not ended, and answers that wait without one; more are refused. */
  readonly pendingMax: number;
  /** As the state machine has it. */
  readonly remember: RememberLimits;
}

/** Longer between two events than ticks are apart: the process did not run, and heard nobody meanwhile. */
const pauseMsMin = 500;

interface WaitingAnswer {
  /** Its revision is that of the image that it was decided on, once it is known. */
  end: Extract<RequestEnd, { type: 'done' | 'refused' }>;
  /** Answered once so many batches are committed. */
  readonly batchCount: number;
  isConfirmed: boolean;
}

interface Leadership {
  readonly lookAhead: LookAhead;
  readonly sessions: BrokerSessions;
  readonly waiting: Map<number, WaitingAnswer>;
  readonly elections: ElectionRounds;
}

export class MetadataController implements StateMachine<ControllerEvent, ControllerEffect> {
  readonly #options: ControllerOptions;
  #leadership: Leadership | undefined;
  #effects: ControllerEffect[] = [];
  #committed: MetadataImage | undefined;
  #nowMs = 0;
  #lastBatchId = 0;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** Undefined unless this voter leads. */
  get lookAhead(): MetadataImage | undefined {
    return this.#leadership?.lookAhead.image;
  }

  step(event: ControllerEvent): readonly ControllerEffect[] {
    assert(event.nowMs >= this.#nowMs, 'time does not go back', () => ({ nowMs: event.nowMs, before: this.#nowMs }));
    const pauseMs = event.nowMs - this.#nowMs;
    if (pauseMs >= pauseMsMin) this.#leadership?.sessions.extendAllBy(pauseMs);
    this.#nowMs = event.nowMs;
    this.#committed = event.committed;
    this.#leadership?.lookAhead.catchUpWith(event.committed);
    this.#take(event);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #take(event: ControllerEvent): void {
    switch (event.type) {
      case 'leads':
        return this.#begin(event.committed);
      case 'lost':
        return this.#end();
      case 'request':
        return this.#onRequest(event.callId, event.request);
      case 'heartbeat':
        return this.#answerHeartbeat(event.callId, this.#hear(event.heartbeat));
      case 'batch-ended':
        return this.#onBatchEnded(event.batchId, event.end);
      case 'confirmed':
        return this.#onConfirmed(event.callId, event.isLeader);
      case 'tick':
        return this.#onTick();
      default:
        return assertUnreachable(event);
    }
  }

  #begin(committed: MetadataImage): void {
    assert(this.#leadership === undefined, 'a controller begins once per leadership');
    const sessions = new BrokerSessions(this.#options.sessionMs);
    sessions.startAll(committed, this.#nowMs);
    const leadership: Leadership = {
      lookAhead: new LookAhead(committed, this.#options.remember),
      sessions,
      waiting: new Map(),
      elections: new ElectionRounds(),
    };
    this.#leadership = leadership;
    this.#foundWhenEmpty(leadership);
  }

  #foundWhenEmpty(leadership: Leadership): void {
    if (leadership.lookAhead.image.batchCount > 0) return;
    this.#propose(leadership, decideFirstFeatures(this.#options.features));
  }

  #end(): void {
    const leadership = this.#leadership;
    this.#leadership = undefined;
    for (const { callIds } of leadership?.lookAhead.endAll() ?? [])
      for (const callId of callIds) this.#answer(callId, { type: 'outcome-unknown' });
    for (const callId of leadership?.waiting.keys() ?? []) this.#answer(callId, { type: 'not-leading' });
  }

  #onRequest(callId: number, request: MetadataRequest): void {
    const leadership = this.#leadership;
    if (leadership === undefined) return this.#answer(callId, { type: 'not-leading' });
    if (this.#repeat(leadership, callId, request)) return undefined;
    const { lookAhead, waiting } = leadership;
    const { pendingMax } = this.#options;
    if (lookAhead.pendingCount + waiting.size >= pendingMax)
      return this.#answer(callId, { type: 'overloaded', limit: 'pendingMax' });
    const decided = decideRequest(lookAhead.image, request, this.#contextOf(leadership));
    const { revision } = lookAhead.image;
    if (!decided.ok) return this.#confirm(leadership, callId, { type: 'refused', problem: decided.problem, revision });
    const { answer, records } = decided.value;
    if (records.length === 0) return this.#confirm(leadership, callId, { type: 'done', answer, revision });
    const { requestId } = request;
    this.#propose(leadership, records, { requestId, answer }).callIds.push(callId);
    return undefined;
  }

  /** M10: a request that was carried out, or is about to be, is not carried out again. */
  #repeat({ lookAhead }: Leadership, callId: number, { requestId, command }: MetadataRequest): boolean {
    const pending = lookAhead.findRequest(requestId);
    const known = pending?.batch.request ?? this.#committed?.requests.byId.get(requestId);
    if (known === undefined) return false;
    const revision = this.#mustCommitted().revision;
    if (!isAnswerTo(command, known.answer))
      this.#answer(callId, { type: 'refused', problem: { type: 'request-id-reused', requestId }, revision });
    else if (pending !== undefined) pending.callIds.push(callId);
    else {
      const remembered = this.#mustCommitted().requests.byId.get(requestId);
      assert(remembered !== undefined, 'M10: what is known and not pending is committed', { requestId });
      this.#answer(callId, { type: 'done', answer: remembered.answer, revision: remembered.index });
    }
    return true;
  }

  #propose({ lookAhead }: Leadership, records: readonly MetadataRecord[], request?: AnsweredRequest): PendingBatch {
    this.#lastBatchId += 1;
    const pending = lookAhead.add(this.#lastBatchId, records, request);
    this.#effects.push({ type: 'propose', batchId: pending.batchId, batch: pending.batch });
    return pending;
  }

  #confirm(leadership: Leadership, callId: number, end: WaitingAnswer['end']): void {
    const { batchCount } = leadership.lookAhead.image;
    leadership.waiting.set(callId, { end, batchCount, isConfirmed: false });
    leadership.lookAhead.last?.answeredOn.push(callId);
    this.#effects.push({ type: 'confirm', callId });
  }

  #onConfirmed(callId: number, isLeader: boolean): void {
    const leadership = this.#leadership;
    const waiting = leadership?.waiting.get(callId);
    if (leadership === undefined || waiting === undefined) return;
    waiting.isConfirmed = true;
    if (isLeader) this.#answerWaiting(leadership);
    else {
      leadership.waiting.delete(callId);
      this.#answer(callId, { type: 'not-leading' });
    }
  }

  #onBatchEnded(batchId: number, end: BatchEnd): void {
    const leadership = this.#leadership;
    if (leadership === undefined) return;
    const [first, ...others] = leadership.lookAhead.end(batchId, end, this.#mustCommitted());
    if (first === undefined) return;
    for (const callId of first.callIds) this.#answer(callId, endOfBatch(first, end));
    // Decided on one that is not: void, wherever they are.
    for (const { callIds } of others) for (const callId of callIds) this.#answer(callId, endOfFollower(end));
    if (end.type === 'committed' && !end.isVoid) this.#settle(leadership, first, end.index);
    // What they were decided on will not be committed; whoever asked may ask again.
    else this.#dropWaiting(leadership);
    this.#answerWaiting(leadership);
  }

  #settle({ sessions, waiting }: Leadership, { batch, answeredOn }: PendingBatch, revision: LogIndex): void {
    for (const callId of answeredOn) {
      const answer = waiting.get(callId);
      if (answer !== undefined) answer.end = { ...answer.end, revision };
    }
    // A registration begins a session: the broker has just been heard.
    for (const record of batch.records) {
      if (record.type !== 'broker-registered') continue;
      const broker = this.#mustCommitted().brokers.get(record.brokerId);
      if (broker !== undefined) sessions.extend(broker.brokerId, broker.brokerEpoch, this.#nowMs);
    }
  }

  #answerWaiting({ waiting, lookAhead }: Leadership): void {
    for (const [callId, answer] of waiting) {
      if (!answer.isConfirmed || lookAhead.isPendingUpTo(answer.batchCount)) continue;
      waiting.delete(callId);
      this.#answer(callId, answer.end);
    }
  }

  /** Answers that were decided on a batch that will not be committed. */
  #dropWaiting({ waiting, lookAhead }: Leadership): void {
    const { batchCount } = lookAhead.image;
    for (const [callId, answer] of waiting) {
      if (answer.batchCount <= batchCount) continue;
      waiting.delete(callId);
      this.#answer(callId, { type: 'not-leading' });
    }
  }

  #hear({ brokerId, brokerEpoch, revision, isLeaving }: BrokerHeartbeat): HeartbeatEnd {
    const leadership = this.#leadership;
    if (leadership === undefined) return { type: 'not-leading' };
    const committed = this.#mustCommitted();
    const broker = committed.brokers.get(brokerId);
    if (broker?.brokerEpoch !== brokerEpoch) return { type: 'not-registered' };
    if (isLeaving) {
      leadership.sessions.endNow(brokerId, this.#nowMs);
      this.#fenceSilent(leadership);
    } else {
      leadership.sessions.extend(brokerId, brokerEpoch, this.#nowMs);
      // Only who has seen its registration has seen all leaderships that it lost by it.
      if (revision >= brokerEpoch) this.#unfence(leadership, brokerId, brokerEpoch);
    }
    return { type: 'heard', state: broker.state, revision: committed.revision };
  }

  #onTick(): void {
    const leadership = this.#leadership;
    if (leadership === undefined) return;
    this.#foundWhenEmpty(leadership);
    this.#fenceSilent(leadership);
    this.#elect(leadership);
  }

  #elect(leadership: Leadership): void {
    const elected = leadership.elections.look(leadership.lookAhead.image, this.#nowMs);
    if (elected.length === 0) return;
    this.#propose(leadership, elected);
    this.#effects.push({ type: 'leaders-elected', ...countElections(elected) });
  }

  #fenceSilent(leadership: Leadership): void {
    const { sessions, lookAhead } = leadership;
    for (const { brokerId, brokerEpoch } of sessions.ended(this.#nowMs)) {
      const broker = this.#mustCommitted().brokers.get(brokerId);
      if (broker?.brokerEpoch !== brokerEpoch || broker.state === 'fenced') sessions.forget(brokerId);
      const records = decideFencing(lookAhead.image, brokerId, brokerEpoch);
      if (records.length === 0) continue;
      this.#propose(leadership, records);
      this.#effects.push({ type: 'broker-fenced', brokerId, brokerEpoch });
    }
  }

  #unfence(leadership: Leadership, brokerId: BrokerId, brokerEpoch: BrokerEpoch): void {
    const records = decideUnfencing(leadership.lookAhead.image, brokerId, brokerEpoch);
    if (records.length === 0) return;
    this.#propose(leadership, records);
    this.#effects.push({ type: 'broker-active', brokerId, brokerEpoch });
  }

  #contextOf({ sessions }: Leadership): DecideContext {
    return { ...this.#options, hasSession: (brokerId) => sessions.has(brokerId, this.#nowMs) };
  }

  #mustCommitted(): MetadataImage {
    assert(this.#committed !== undefined, 'every event comes with the committed image');
    return this.#committed;
  }

  #answer(callId: number, end: RequestEnd): void {
    this.#effects.push({ type: 'answer', callId, end });
  }

  #answerHeartbeat(callId: number, end: HeartbeatEnd): void {
    this.#effects.push({ type: 'answer-heartbeat', callId, end });
  }
}

function endOfBatch({ batch }: PendingBatch, end: BatchEnd): RequestEnd {
  switch (end.type) {
    case 'committed': {
      if (end.isVoid) return { type: 'not-leading' };
      assert(batch.request !== undefined, 'who waits for a batch has asked for it');
      return { type: 'done', answer: batch.request.answer, revision: end.index };
    }
    case 'refused':
      return end.limit === undefined ? { type: 'not-leading' } : { type: 'overloaded', limit: end.limit };
    case 'unknown':
      return { type: 'outcome-unknown' };
    default:
      return assertUnreachable(end);
  }
}

/** Of a batch that was decided on one which ended like this, and not in the image. */
function endOfFollower(end: BatchEnd): RequestEnd {
  switch (end.type) {
    case 'committed':
      return { type: 'not-leading' };
    case 'refused':
      return end.limit === undefined ? { type: 'not-leading' } : { type: 'overloaded', limit: end.limit };
    // The first may be committed by another leader, and these with it.
    case 'unknown':
      return { type: 'outcome-unknown' };
    default:
      return assertUnreachable(end);
  }
}
