/**
 * Takes the lines of a history one by one and puts together what belongs together: an invocation and its end, a value
 * and its sender, an offset and who saw it.
 *
 * It judges nothing. It refuses what contradicts itself (an end without a beginning, a value sent twice), because no
 * verdict about such a history would mean anything. What it keeps is bounded by a constant for each operation and each
 * value that was polled.
 */
import { assertUnreachable } from '../base/assert.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type {
  AssignLine,
  CommitLine,
  HistoryFlaw,
  HistoryLine,
  HistoryPartition,
  HistoryValue,
  LocatedValue,
  PollAnswer,
  PollLine,
  SendLine,
  SendTerms,
  TransactionLine,
} from './log-history.ts';
import { ObservedLog, type ObservedValue } from './observed-log.ts';

export interface PartitionRead {
  readonly log: ObservedLog;
  /** As they were handed out. */
  readonly offsets: readonly number[];
  readonly values: readonly ObservedValue[];
}

export interface LogOperation {
  /** Place among all operations, by their beginnings. */
  readonly number: number;
  readonly f: 'send' | 'poll' | 'txn';
  readonly process: number;
  /** How often the process had crashed. */
  readonly life: number;
  readonly invokedLine: number;
  completedLine: number | undefined;
  outcome: 'ok' | 'fail' | 'unknown';
  sends: readonly ObservedValue[];
  reads: readonly PartitionRead[];
}

/** What moves a consumer, in the order of completion. */
export type ConsumerStep =
  | { readonly type: 'polled'; readonly process: number; readonly line: number; readonly operation: LogOperation }
  | { readonly type: 'assigned'; readonly process: number; readonly line: number; readonly to: readonly LogOffset[] }
  | { readonly type: 'committed'; readonly process: number; readonly line: number; readonly at: readonly LogOffset[] }
  | { readonly type: 'subscribed' | 'crashed' | 'lost-track'; readonly process: number; readonly line: number };

export interface LogOffset {
  readonly log: ObservedLog;
  readonly offset: number | undefined;
}

export class ObservedHistory {
  readonly logs: ObservedLog[] = [];
  readonly operations: LogOperation[] = [];
  readonly steps: ConsumerStep[] = [];
  readonly marks = { crashes: 0, faults: 0 };
  readonly #logsByTopic = new Map<string, Map<number, ObservedLog>>();
  /** The poll or transaction that a process is in. */
  readonly #open = new Map<number, LogOperation>();
  readonly #lives = new Map<number, number>();
  #lines = 0;
  #t = 0;

  get lines(): number {
    return this.#lines;
  }

  add(line: HistoryLine): Result<void, HistoryFlaw> {
    this.#lines += 1;
    const reason = line.t < this.#t ? `t went back from ${this.#t} to ${line.t}` : this.#take(line);
    if (reason !== undefined) return refused({ line: this.#lines, reason });
    this.#t = line.t;
    return ok(undefined);
  }

  /** Answers why the line cannot be, if it cannot. */
  #take(line: HistoryLine): string | undefined {
    switch (line.f) {
      case 'send':
        return line.type === 'invoke' ? this.#beginSend(line) : this.#endSend(line);
      case 'poll':
        return line.type === 'invoke' ? this.#begin(line, []) : this.#endPoll(line);
      case 'txn':
        return line.type === 'invoke' ? this.#beginTransaction(line) : this.#endTransaction(line);
      case 'assign':
      case 'commit':
        this.#moveConsumer(line);
        return undefined;
      case 'subscribe':
        if (line.type === 'ok' || line.type === 'info') this.#step(line.process, 'subscribed');
        return undefined;
      case 'crash':
        this.marks.crashes += 1;
        this.#open.delete(line.process);
        this.#lives.set(line.process, this.#lifeOf(line.process) + 1);
        this.#step(line.process, 'crashed');
        return undefined;
      case 'fault':
        this.marks.faults += 1;
        return undefined;
      default:
        return assertUnreachable(line);
    }
  }

  #beginSend(line: SendLine & { type: 'invoke' }): string | undefined {
    const observed = this.#logOf(line).valueOf(line.value);
    if (observed.writer !== undefined) return `${JSON.stringify(line.value)} was sent to this partition before`;
    const operation = this.#operation(line, [observed]);
    observed.log.sent(observed, operation, line);
    return undefined;
  }

  #endSend(line: Exclude<SendLine, { type: 'invoke' }>): string | undefined {
    const { value, offset } = split(line.value);
    const observed = this.#logOf(line).valueOf(value);
    const operation = observed.writer;
    if (operation?.f !== 'send' || !this.#isOpen(operation, line))
      return `ends a send of ${JSON.stringify(value)} that this process did not begin`;
    this.#end(operation, line);
    if (line.type === 'ok') this.#told(observed, offset);
    return undefined;
  }

  #endPoll(line: Exclude<PollLine, { type: 'invoke' }>): string | undefined {
    const operation = this.#takeOpen(line);
    if (operation === undefined) return 'ends a poll that this process did not begin';
    this.#end(operation, line);
    if (line.type !== 'ok') return undefined;
    operation.reads = this.#readsOf([line]);
    this.steps.push({ type: 'polled', process: line.process, line: this.#lines, operation });
    return undefined;
  }

  #begin(line: PollLine | TransactionLine, sends: readonly ObservedValue[]): string | undefined {
    if (this.#open.has(line.process)) return 'begins while a poll or transaction of this process is in flight';
    this.#open.set(line.process, this.#operation(line, sends));
    return undefined;
  }

  #beginTransaction(line: TransactionLine): string | undefined {
    const sends = this.#sendsOf(line);
    const repeated = sends.find(({ observed }, at) => {
      return observed.writer !== undefined || sends.findIndex((send) => send.observed === observed) !== at;
    });
    if (repeated !== undefined) return `${JSON.stringify(repeated.observed.value)} was sent to this partition before`;
    const values = sends.map(({ observed }) => observed);
    const reason = this.#begin(line, values);
    const operation = this.#open.get(line.process);
    if (reason !== undefined || operation === undefined) return reason;
    for (const { observed, terms } of sends) observed.log.sent(observed, operation, terms);
    return undefined;
  }

  #endTransaction(line: TransactionLine): string | undefined {
    const operation = this.#takeOpen(line);
    if (operation === undefined) return 'ends a transaction that this process did not begin';
    const sends = this.#sendsOf(line);
    const same =
      sends.length === operation.sends.length && sends.every(({ observed }, at) => observed === operation.sends[at]);
    if (!same) return 'ends with other sends than the transaction began with';
    this.#end(operation, line);
    // A transaction that failed left nothing behind at the offsets that it was told.
    if (line.type !== 'fail') for (const { observed, offset } of sends) this.#told(observed, offset);
    operation.reads = this.#readsOf(line.value.flatMap((part) => (part.f === 'poll' && part.value ? [part] : [])));
    if (line.type === 'ok') this.steps.push({ type: 'polled', process: line.process, line: this.#lines, operation });
    return undefined;
  }

  #moveConsumer(line: AssignLine | CommitLine): void {
    if (line.f === 'assign' && line.type === 'info') this.#step(line.process, 'lost-track');
    if (line.type !== 'ok') return;
    const places = line.value.map((part): LogOffset => ({ log: this.#logOf(part), offset: part.offset }));
    const moment = { process: line.process, line: this.#lines };
    if (line.f === 'assign') this.steps.push({ type: 'assigned', ...moment, to: places });
    else this.steps.push({ type: 'committed', ...moment, at: places });
  }

  #step(process: number, type: 'subscribed' | 'crashed' | 'lost-track'): void {
    this.steps.push({ type, process, line: this.#lines });
  }

  #operation({ f, process }: SendLine | PollLine | TransactionLine, sends: readonly ObservedValue[]): LogOperation {
    const operation: LogOperation = {
      number: this.operations.length,
      f,
      process,
      life: this.#lifeOf(process),
      invokedLine: this.#lines,
      completedLine: undefined,
      outcome: 'unknown',
      sends,
      reads: noReads,
    };
    this.operations.push(operation);
    return operation;
  }

  #end(operation: LogOperation, { type }: { readonly type: 'invoke' | 'ok' | 'fail' | 'info' }): void {
    operation.completedLine = this.#lines;
    if (type === 'ok' || type === 'fail') operation.outcome = type;
  }

  #isOpen(operation: LogOperation, { process }: { readonly process: number }): boolean {
    const isOurs = operation.process === process && operation.life === this.#lifeOf(process);
    return isOurs && operation.completedLine === undefined;
  }

  #takeOpen({ process, f }: PollLine | TransactionLine): LogOperation | undefined {
    const operation = this.#open.get(process);
    if (operation?.f !== f) return undefined;
    this.#open.delete(process);
    return operation;
  }

  /** An offset binds where all in-sync replicas had it, in an operation that is known to have succeeded. */
  #told(observed: ObservedValue, offset: number | undefined): void {
    if (offset === undefined) return;
    const isBinding = observed.writer?.outcome === 'ok' && (observed.terms.acks ?? 'all') === 'all';
    if (isBinding) observed.log.acknowledged(observed, { offset, line: this.#lines });
    else observed.toldOffset = offset;
  }

  #readsOf(answers: readonly PollAnswer[]): readonly PartitionRead[] {
    return answers.flatMap((answer) => {
      if ('topic' in answer) return [this.#readOf(answer, answer.value)];
      return answer.value.map((part) => this.#readOf(part, part.value));
    });
  }

  #readOf(partition: HistoryPartition, located: readonly LocatedValue[]): PartitionRead {
    const log = this.#logOf(partition);
    const offsets = located.map(([offset]) => offset);
    const values = located.map(([, value]) => log.valueOf(value));
    for (const [at, observed] of values.entries())
      log.polled(observed, { offset: offsets[at] as number, line: this.#lines });
    return { log, offsets, values };
  }

  #sendsOf({ value }: TransactionLine): { observed: ObservedValue; offset: number | undefined; terms: SendTerms }[] {
    return value.flatMap((part) => {
      if (part.f !== 'send') return [];
      const { value: sent, offset } = split(part.value);
      return [{ observed: this.#logOf(part).valueOf(sent), offset, terms: part }];
    });
  }

  #logOf({ topic, partition }: HistoryPartition): ObservedLog {
    let logs = this.#logsByTopic.get(topic);
    if (logs === undefined) this.#logsByTopic.set(topic, (logs = new Map<number, ObservedLog>()));
    let log = logs.get(partition);
    if (log === undefined) {
      log = new ObservedLog(topic, partition);
      logs.set(partition, log);
      this.logs.push(log);
    }
    return log;
  }

  #lifeOf(process: number): number {
    return this.#lives.get(process) ?? 0;
  }
}

const noReads: readonly PartitionRead[] = [];

function split(value: HistoryValue | LocatedValue): { value: HistoryValue; offset: number | undefined } {
  return typeof value === 'object' ? { value: value[1], offset: value[0] } : { value, offset: undefined };
}
