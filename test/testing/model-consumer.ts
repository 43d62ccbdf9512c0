/**
 * A consumer of the model: polls several partitions at a time, seeks, is assigned anew, commits, crashes; or is in a
 * group that moves it as it likes.
 */
import type { LocatedValue, PolledPartition } from '../../src/testing/log-history.ts';
import type { ModelLog } from './model-log.ts';
import type { ModelRecorder } from './model-recorder.ts';

const recordsPerPollMax = 6;

export class ModelConsumer {
  readonly #process: number;
  readonly #recorder: ModelRecorder;
  readonly #isInGroup: boolean;
  readonly #positions = new Map<ModelLog, number>();
  #isPolling = false;
  #hasPolled = new Set<ModelLog>();

  constructor(process: number, recorder: ModelRecorder, { isInGroup }: { isInGroup: boolean }) {
    this.#process = process;
    this.#recorder = recorder;
    this.#isInGroup = isInGroup;
    if (isInGroup) this.#subscribe();
  }

  step(): void {
    const { random } = this.#recorder;
    if (this.#isPolling) return this.#endPoll();
    const dice = random.integerBelow(40);
    if (dice > 3) this.#beginPoll();
    else if (dice === 3) this.#commit();
    else if (this.#isInGroup) this.#rebalance();
    else if (dice === 0) this.#crash();
    else this.#assign({ offsets: (log) => (random.chance(0.5) ? undefined : random.integerBelow(log.end + 1)) });
  }

  /** From the first offset to the last, of all partitions. */
  readToTheEnd(): void {
    if (this.#isPolling) this.#endPoll();
    this.#assign({ offsets: () => 0 });
    const isBehind = (log: ModelLog): boolean => log.read(this.#positions.get(log) ?? 0, { max: 1 }).length > 0;
    while (this.#recorder.logs.some(isBehind)) {
      this.#beginPoll();
      this.#endPoll();
    }
  }

  #beginPoll(): void {
    this.#recorder.write({ ...this.#recorder.moment(this.#process), type: 'invoke', f: 'poll' });
    this.#isPolling = true;
  }

  #endPoll(): void {
    const { random, logs } = this.#recorder;
    this.#isPolling = false;
    if (random.chance(0.05)) {
      this.#recorder.write({ ...this.#recorder.moment(this.#process), type: 'info', f: 'poll', error: 'timed out' });
      return;
    }
    const polled = logs
      .filter(() => random.chance(0.7))
      .map((log): PolledPartition => ({ ...log.at, value: this.#read(log) }));
    const common = { ...this.#recorder.moment(this.#process), type: 'ok', f: 'poll' } as const;
    const [only] = polled;
    this.#recorder.write(polled.length === 1 && only ? { ...common, ...only } : { ...common, value: polled });
  }

  #read(log: ModelLog): LocatedValue[] {
    const { random } = this.#recorder;
    const from = this.#positions.get(log) ?? 0;
    const value = this.#faulty(log, {
      from,
      value: log.read(from, { max: random.integerBetween(1, recordsPerPollMax) }),
    });
    const last = value.at(-1);
    if (last !== undefined) this.#positions.set(log, last[0] + 1);
    if (last !== undefined) this.#hasPolled.add(log);
    return value;
  }

  #faulty(log: ModelLog, { from, value }: { from: number; value: LocatedValue[] }): LocatedValue[] {
    const recorder = this.#recorder;
    const isPlain = !log.isCompacted && !this.#isInGroup;
    const [first, second, third] = value;
    if (first === undefined) return value;
    if (recorder.plants('a poll makes a value up', isPlain)) return [...value, [log.end + 100, 'made up']];
    if (
      recorder.plants(
        'a poll begins again where the one before it did',
        isPlain && from > 0 && this.#hasPolled.has(log),
      )
    )
      return log.read(0, { max: value.length });
    if (second === undefined) return value;
    if (recorder.plants('a poll begins one record too late', isPlain)) return value.slice(1);
    if (recorder.plants('a poll gives a record twice', isPlain)) return [first, first, ...value.slice(1)];
    if (recorder.plants('a poll gives two values each the offset of the other', isPlain))
      return [[first[0], second[1]], [second[0], first[1]], ...value.slice(2)];
    if (third !== undefined && recorder.plants('a poll leaves out one of its records', isPlain))
      return [first, ...value.slice(2)];
    return value;
  }

  #commit(): void {
    const recorder = this.#recorder;
    const value = [...this.#positions]
      .filter(([log]) => this.#hasPolled.has(log))
      .map(([log, offset]) => {
        const ahead = log.read(offset, { max: 1 }).at(0);
        const isAhead = ahead !== undefined && !log.isCompacted;
        return recorder.plants('a consumer commits what it has not polled', isAhead && !this.#isInGroup)
          ? { ...log.at, offset: (ahead?.[0] ?? 0) + 1 }
          : { ...log.at, offset };
      });
    recorder.write({ ...recorder.moment(this.#process), type: 'ok', f: 'commit', value });
  }

  /** What is not told an offset goes on where it was. */
  #assign({ offsets }: { offsets: (log: ModelLog) => number | undefined }): void {
    const value = this.#recorder.logs.map((log) => {
      const offset = offsets(log);
      if (offset !== undefined) this.#positions.set(log, offset);
      return offset === undefined ? log.at : { ...log.at, offset };
    });
    this.#recorder.write({ ...this.#recorder.moment(this.#process), type: 'ok', f: 'assign', value });
  }

  #crash(): void {
    const { random } = this.#recorder;
    this.#recorder.write({ ...this.#recorder.moment(this.#process), type: 'info', f: 'crash' });
    this.#assign({ offsets: (log) => random.integerBelow(log.end + 1) });
  }

  #subscribe(): void {
    const topics = [...new Set(this.#recorder.logs.map(({ at }) => at.topic))];
    this.#recorder.write({ ...this.#recorder.moment(this.#process), type: 'ok', f: 'subscribe', value: topics });
  }

  #rebalance(): void {
    const { random } = this.#recorder;
    if (random.chance(0.3)) this.#subscribe();
    for (const log of this.#recorder.logs) this.#positions.set(log, random.integerBelow(log.end + 1));
  }
}
