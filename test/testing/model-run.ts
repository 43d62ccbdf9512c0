/**
 * One random history of a log that keeps its promises, or breaks exactly one of them, by a seed.
 */
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import type { HistoryLine } from '../../src/testing/log-history.ts';
import type { LogCheckOptions } from '../../src/testing/log-history-checker.ts';
import { ModelConsumer } from './model-consumer.ts';
import { ModelLog, type ModelRecord } from './model-log.ts';
import { ModelProducer } from './model-producer.ts';
import { ModelRecorder, type ModelFault } from './model-recorder.ts';
import { ModelTransactor } from './model-transactor.ts';

export interface ModelHistory {
  readonly lines: readonly HistoryLine[];
  readonly options: LogCheckOptions;
  /** Whether the fault found a place. */
  readonly hasFault: boolean;
}

export interface ModelOptions {
  readonly seed: number;
  readonly steps: number;
  readonly fault?: ModelFault;
}

export function modelHistory({ seed, steps, fault }: ModelOptions): ModelHistory {
  const run = new ModelRun(new SimulatedRandom(seed), fault);
  for (let step = 0; step < steps; step += 1) run.step();
  run.finish();
  const { lines, hasFault } = run.recorder;
  return { lines, hasFault, options: { readToTheEnd: true, compactedTopics: ['compacted'] } };
}

class ModelRun {
  readonly recorder: ModelRecorder;
  readonly #random: SimulatedRandom;
  readonly #producers: readonly ModelProducer[];
  readonly #transactors: readonly ModelTransactor[];
  readonly #consumers: readonly ModelConsumer[];

  constructor(random: SimulatedRandom, fault: ModelFault | undefined) {
    this.#random = random;
    const logs = [
      new ModelLog({ topic: 'plain', partition: 0 }, false),
      new ModelLog({ topic: 'plain', partition: 1 }, false),
      new ModelLog({ topic: 'compacted', partition: 0 }, true),
    ];
    const recorder = new ModelRecorder({ random, logs, fault });
    this.recorder = recorder;
    const terms = [{}, {}, { idempotent: false }, { acks: 'leader' }, { acks: 'none' }] as const;
    this.#producers = terms.map((one, at) => new ModelProducer(at, one, recorder));
    this.#transactors = [10, 11].map((process) => new ModelTransactor(process, recorder));
    this.#consumers = [20, 21, 22].map(
      (process) => new ModelConsumer(process, recorder, { isInGroup: process === 22 }),
    );
  }

  step(): void {
    const random = this.#random;
    const dice = random.integerBelow(20);
    if (dice < 8) random.pick(this.#producers).step();
    else if (dice < 12) random.pick(this.#transactors).step();
    else if (dice < 17) random.pick(this.#consumers).step();
    else if (dice < 19) random.pick(this.recorder.logs).replicate();
    else this.#disturb(random.pick(this.recorder.logs));
  }

  /** All faults are over, all calls are answered, and one consumer reads everything. */
  finish(): void {
    for (const transactor of this.#transactors) transactor.settle();
    for (const producer of this.#producers) producer.settle();
    const [first, second] = this.#producers;
    for (const log of this.recorder.logs) {
      first?.begin(log);
      second?.begin(log);
    }
    for (const producer of this.#producers) producer.settle();
    this.#loseTail();
    this.recorder.mayPlant = false;
    this.#consumers[0]?.readToTheEnd();
  }

  #disturb(log: ModelLog): void {
    const { recorder } = this;
    const random = this.#random;
    recorder.write({ ...recorder.moment(99), type: 'info', f: 'fault', value: 'something happens to the cluster' });
    if (random.chance(0.3)) log.compact(random);
    this.#dropOne(log);
    const tail = log.records.filter(({ offset, state }) => offset >= log.watermark && state === 'committed');
    const fault = 'a reader sees the tail before a change of leaders cuts it off';
    const isSeen = recorder.plants(fault, tail.length > 0 && !log.isCompacted && log.stableEnd() === log.watermark);
    if (isSeen) this.#readUnstable(log);
    if (isSeen || random.chance(0.5)) this.#changeLeader(log, { forGood: isSeen });
  }

  #changeLeader(log: ModelLog, how: { forGood: boolean }): void {
    const records: ReadonlySet<ModelRecord> = new Set(log.truncate());
    for (const producer of this.#producers) producer.onTruncated(records, how);
    for (const transactor of this.#transactors) transactor.onTruncated(records);
  }

  #readUnstable(log: ModelLog): void {
    const { recorder } = this;
    const value = log.read(log.watermark, { max: 1, limit: log.end });
    recorder.write({ ...recorder.moment(50), type: 'ok', f: 'assign', value: [{ ...log.at, offset: log.watermark }] });
    recorder.write({ ...recorder.moment(50), type: 'invoke', f: 'poll' });
    recorder.write({ ...recorder.moment(50), type: 'ok', f: 'poll', ...log.at, value });
  }

  #dropOne(log: ModelLog): void {
    const { recorder } = this;
    if (log.isCompacted) return;
    const drop = (record: ModelRecord): void => {
      log.records.splice(log.records.indexOf(record), 1);
    };
    const stable = log.records.filter(({ offset, state }) => offset < log.stableEnd() && state === 'committed');
    const unseen = stable.find(({ isPromised, isPolled }) => isPromised && !isPolled);
    if (recorder.plants('an acknowledged record is dropped before anybody has polled it', unseen !== undefined))
      drop(unseen as ModelRecord);
    const seen = stable.find(({ isPolled }) => isPolled);
    if (recorder.plants('a record is dropped that somebody has polled', seen !== undefined)) drop(seen as ModelRecord);
  }

  #loseTail(): void {
    const { recorder } = this;
    const log = recorder.logs.find(({ isCompacted }) => !isCompacted);
    const tail = log?.records.at(-1);
    if (recorder.plants('the end of a log is lost before the last read', tail?.isPromised === true && !tail.isPolled))
      log?.records.pop();
  }
}
