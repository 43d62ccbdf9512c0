/**
 * A client of the model that works in transactions: sends to several partitions and a poll, all or nothing.
 *
 * Readers see its records once it has committed, and wait before them as long as it is open.
 */
import type { LocatedValue, TransactionLine } from '../../src/testing/log-history.ts';
import type { ModelLog, ModelRecord } from './model-log.ts';
import type { ModelRecorder } from './model-recorder.ts';

interface OpenSend {
  readonly log: ModelLog;
  readonly value: string;
  record: ModelRecord | undefined;
}

export class ModelTransactor {
  readonly #process: number;
  readonly #recorder: ModelRecorder;
  readonly #positions = new Map<ModelLog, number>();
  #sends: OpenSend[] | undefined;
  #polled: { readonly log: ModelLog; readonly value: LocatedValue[] } | undefined;
  #isDoomed = false;

  constructor(process: number, recorder: ModelRecorder) {
    this.#process = process;
    this.#recorder = recorder;
  }

  step(): void {
    if (this.#sends === undefined) this.#begin();
    else if (this.#recorder.random.chance(0.2)) this.settle();
    else this.#work(this.#sends);
  }

  onTruncated(records: ReadonlySet<ModelRecord>): void {
    if (this.#sends?.some(({ record }) => record !== undefined && records.has(record)) === true) this.#isDoomed = true;
  }

  /** Ends what is open. */
  settle(): void {
    const { random } = this.#recorder;
    const sends = this.#sends;
    if (sends === undefined) return;
    const isComplete = sends.every(({ record }) => record !== undefined) && !this.#isDoomed;
    const commits = isComplete && random.chance(0.7);
    const type = random.chance(0.3) ? 'info' : commits ? 'ok' : 'fail';
    const isLarge = new Set(sends.map(({ log }) => log)).size > 1;
    const isTorn = this.#recorder.plants('a transaction is committed in some of its partitions', commits && isLarge);
    const isUndead = this.#recorder.plants(
      'a transaction that was told to have failed is committed',
      isComplete && type === 'fail' && sends.length > 0,
    );
    for (const [at, { log, record }] of sends.entries()) {
      // Where several are in one partition, they are committed and aborted together.
      const first = sends.findIndex((send) => send.log === log);
      const state = (commits && !(isTorn && first !== 0)) || isUndead ? 'committed' : 'aborted';
      if (record !== undefined) record.state = state;
      if (first === at) log.append({ value: '', state: 'marker' });
      log.replicate();
    }
    this.#end(type, sends);
  }

  #begin(): void {
    const { random, logs } = this.#recorder;
    const plain = logs.filter(({ isCompacted }) => !isCompacted);
    if (random.chance(0.5)) this.#seekToTheEnd(plain);
    this.#sends = Array.from({ length: random.integerBelow(4) }, () => {
      return { log: random.pick(plain), value: this.#recorder.newValue(), record: undefined };
    });
    this.#polled = undefined;
    this.#isDoomed = false;
    this.#write('invoke', this.#sends);
  }

  /** Where the others are at work too. */
  #seekToTheEnd(logs: readonly ModelLog[]): void {
    for (const log of logs) this.#positions.set(log, log.end);
    const value = logs.map((log) => ({ ...log.at, offset: log.end }));
    this.#recorder.write({ ...this.#recorder.moment(this.#process), type: 'ok', f: 'assign', value });
  }

  #work(sends: readonly OpenSend[]): void {
    const { random, logs } = this.#recorder;
    const waiting = sends.find(({ record }) => record === undefined);
    if (waiting !== undefined) {
      waiting.record = waiting.log.append({ value: waiting.value, state: 'open' });
      return;
    }
    if (this.#polled !== undefined) return;
    const log = random.pick(logs.filter(({ isCompacted }) => !isCompacted));
    const from = this.#positions.get(log) ?? 0;
    const value = log.read(from, { max: 5 });
    const own = sends.find((send) => send.log === log)?.record;
    if (own !== undefined && this.#recorder.plants('a transaction polls what it is sending', true))
      value.push([own.offset, own.value]);
    this.#polled = { log, value };
  }

  #end(type: 'ok' | 'fail' | 'info', sends: readonly OpenSend[]): void {
    this.#write(type, sends);
    const last = this.#polled?.value.at(-1);
    if (type === 'ok' && this.#polled !== undefined && last !== undefined)
      this.#positions.set(this.#polled.log, last[0] + 1);
    this.#sends = undefined;
  }

  #write(type: TransactionLine['type'], sends: readonly OpenSend[]): void {
    const polled = this.#polled;
    const poll = {
      f: 'poll',
      ...(type === 'invoke' || polled === undefined ? {} : { ...polled.log.at, value: polled.value }),
    };
    const parts = sends.map(({ log, value, record }) => {
      const told = type === 'ok' && record !== undefined ? ([record.offset, value] as const) : value;
      return { f: 'send', ...log.at, value: told } as const;
    });
    const line = { ...this.#recorder.moment(this.#process), type, f: 'txn', value: [...parts, poll] };
    this.#recorder.write(line as TransactionLine);
  }
}
