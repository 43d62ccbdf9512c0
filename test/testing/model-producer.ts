/**
 * A producer of the model: several sends in flight, appended in order, answered late, not at all, or with an error.
 *
 * What a change of leaders cuts off is sent again, unless it was answered. Without idempotence retries overtake and
 * come through twice. After a crash, what was in flight may still arrive, in any order.
 */
import type { SendTerms } from '../../src/testing/log-history.ts';
import type { ModelLog, ModelRecord } from './model-log.ts';
import type { ModelRecorder } from './model-recorder.ts';

interface Flight {
  readonly value: string;
  readonly log: ModelLog;
  readonly terms: SendTerms;
  record: ModelRecord | undefined;
  isAnswered: boolean;
}

const inFlightMax = 5;

export class ModelProducer {
  readonly #process: number;
  readonly #terms: SendTerms;
  readonly #recorder: ModelRecorder;
  #flights: Flight[] = [];
  /** Of former lives. */
  #strays: Flight[] = [];

  constructor(process: number, terms: SendTerms, recorder: ModelRecorder) {
    this.#process = process;
    this.#terms = terms;
    this.#recorder = recorder;
  }

  step(): void {
    const { random } = this.#recorder;
    const dice = random.integerBelow(20);
    if (dice < 6) this.begin(random.pick(this.#recorder.logs));
    else if (dice < 12) this.#append();
    else if (dice < 17) this.#answer();
    else if (dice === 17) this.#fail();
    else if (dice === 18) this.#giveUp();
    else if (random.chance(0.1)) this.#crash();
    else this.#strayArrives();
  }

  begin(log: ModelLog): void {
    const { random } = this.#recorder;
    if (this.#flights.filter(({ isAnswered }) => !isAnswered).length >= inFlightMax) return;
    const value = this.#recorder.newValue();
    const keyed = log.isCompacted ? { key: `k${random.integerBelow(4)}`, tombstone: random.chance(0.2) } : {};
    const terms = { ...this.#terms, ...keyed };
    const flight: Flight = { value, log, terms, record: undefined, isAnswered: false };
    const hole = this.#findHole(log);
    this.#flights.push(flight);
    this.#write(flight, 'invoke');
    if (hole !== undefined && this.#recorder.plants('a record is put where a marker was', this.#isStrong))
      flight.record = Object.assign(hole, { value, state: 'committed' as const });
    if (terms.acks === 'none') this.#end(flight, 'ok');
  }

  /** Everything is appended, replicated and answered. */
  settle(): void {
    for (let left = this.#flights.length; left > 0; left -= 1) this.#append();
    for (const log of this.#recorder.logs) log.replicate();
    for (const flight of this.#flights) if (!flight.isAnswered) this.#succeed(flight);
    this.#forgetDone();
  }

  /** Answered or not, these records are gone. */
  onTruncated(records: ReadonlySet<ModelRecord>, { forGood }: { forGood: boolean }): void {
    const gone = (flight: Flight): boolean => flight.record !== undefined && records.has(flight.record);
    const isWeak = (flight: Flight): boolean => flight.isAnswered && (flight.terms.acks ?? 'all') !== 'all';
    this.#flights = this.#flights.filter((flight) => !gone(flight) || !(forGood || isWeak(flight)));
    for (const flight of this.#flights) if (gone(flight)) flight.record = undefined;
    this.#strays = this.#strays.filter((flight) => !gone(flight));
  }

  /** The place of a marker, before something that was acknowledged. */
  #findHole({ records, isCompacted }: ModelLog): ModelRecord | undefined {
    const last = records.findLast(({ isPromised }) => isPromised);
    if (last === undefined || isCompacted) return undefined;
    return records.find(({ state, offset }) => state === 'marker' && offset < last.offset);
  }

  #append(): void {
    const recorder = this.#recorder;
    const waiting = this.#flights.filter(({ record }) => record === undefined);
    const inTurn = waiting.filter(({ log }, at) => waiting.findIndex((other) => other.log === log) === at);
    const isOrdered = this.#terms.idempotent !== false;
    const candidates = isOrdered ? inTurn : waiting;
    if (candidates.length === 0) return;
    const flight = recorder.random.pick(candidates);
    const second = waiting.find((other) => other.log === flight.log && other !== flight);
    const isPlain = isOrdered && (this.#terms.acks ?? 'all') === 'all' && !flight.log.isCompacted;
    if (recorder.plants('two sends in flight are appended in the other order', isPlain && second !== undefined)) {
      if (second !== undefined) second.record = this.#appendRecord(second);
      flight.record = this.#appendRecord(flight);
      flight.log.replicate();
      return;
    }
    if (!isOrdered && recorder.random.chance(0.2)) this.#appendRecord(flight);
    flight.record = this.#appendRecord(flight);
    if (recorder.plants('a retry of an idempotent producer is appended again', isPlain)) {
      this.#appendRecord(flight);
      flight.log.replicate();
    }
  }

  #appendRecord({ log, value, terms }: Flight): ModelRecord {
    return log.append({ value, state: 'committed', key: terms.key, tombstone: terms.tombstone });
  }

  #answer(): void {
    const ready = this.#flights.filter(({ record, log, isAnswered, terms }) => {
      return !isAnswered && record !== undefined && (terms.acks === 'leader' || record.offset < log.watermark);
    });
    if (ready.length > 0) this.#succeed(this.#recorder.random.pick(ready));
    this.#forgetDone();
  }

  #succeed(flight: Flight): void {
    if (flight.record === undefined) return;
    if ((flight.terms.acks ?? 'all') === 'all') flight.record.isPromised = true;
    this.#end(flight, 'ok', flight.record.offset);
  }

  /** It was certainly not written: only what is not in a log. */
  #fail(): void {
    const recorder = this.#recorder;
    const flight = this.#flights.find(({ record, isAnswered }) => record === undefined && !isAnswered);
    if (flight === undefined) return;
    const isPlain = this.#terms.idempotent !== false && !flight.log.isCompacted;
    const { records, watermark } = flight.log;
    const taken = records.find(({ state, offset }) => state === 'committed' && offset < watermark);
    const isPossible = isPlain && this.#isStrong && taken !== undefined;
    if (recorder.plants('a send is acknowledged at the offset of another', isPossible)) {
      this.#end(flight, 'ok', taken?.offset);
      return;
    }
    this.#end(flight, 'fail');
    if (recorder.plants('a send that was told to have failed is appended', isPlain)) {
      this.#appendRecord(flight);
      flight.log.replicate();
    }
    this.#flights = this.#flights.filter((other) => other !== flight);
  }

  get #isStrong(): boolean {
    return (this.#terms.acks ?? 'all') === 'all';
  }

  /** Nobody knows: what is still under way may arrive, or not. */
  #giveUp(): void {
    const flight = this.#flights.find(({ isAnswered }) => !isAnswered);
    if (flight === undefined) return;
    this.#end(flight, 'info');
    if (flight.record === undefined && this.#recorder.random.chance(0.5))
      this.#flights = this.#flights.filter((other) => other !== flight);
  }

  #crash(): void {
    this.#recorder.write({ ...this.#recorder.moment(this.#process), type: 'info', f: 'crash' });
    this.#strays.push(...this.#flights);
    this.#flights = [];
  }

  #strayArrives(): void {
    const stray = this.#strays.shift();
    if (stray !== undefined && stray.record === undefined) this.#appendRecord(stray);
  }

  #forgetDone(): void {
    this.#flights = this.#flights.filter(
      ({ record, log, isAnswered }) => !isAnswered || record === undefined || record.offset >= log.watermark,
    );
  }

  #end(flight: Flight, type: 'ok' | 'fail' | 'info', offset?: number): void {
    flight.isAnswered = true;
    this.#write(flight, type, offset);
  }

  #write({ value, log, terms }: Flight, type: 'invoke' | 'ok' | 'fail' | 'info', offset?: number): void {
    const common = { ...this.#recorder.moment(this.#process), f: 'send', ...log.at } as const;
    if (type === 'invoke') this.#recorder.write({ ...common, type, value, ...terms });
    else if (type === 'ok')
      this.#recorder.write({ ...common, type, value: offset === undefined ? value : [offset, value] });
    else this.#recorder.write({ ...common, type, value });
  }
}
