/**
 * One partition log through all its lives: opened, looked at as a whole, handed out for work, and opened again after
 * whatever ended it, in the same process or in the next one. What it may do meanwhile is log-work.ts's.
 */
import { assert, InvariantError } from '../../../src/base/assert.ts';
import { FaultError } from '../../../src/base/fault-error.ts';
import { offset, type Offset } from '../../../src/base/offsets.ts';
import { logIndex } from '../../../src/base/raft-position.ts';
import { delay } from '../../../src/ports/clock.ts';
import { DiskError } from '../../../src/ports/disk.ts';
import type { FlippedBit } from '../../../src/simulation/simulated-disk.ts';
import type { ProcessPorts } from '../../../src/simulation/simulated-process.ts';
import type { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import type { SimulatedWorld } from '../../../src/simulation/simulated-world.ts';
import type { LogDisk } from '../../../src/storage/log-disk.ts';
import type { LogPosition } from '../../../src/storage/log-progress.ts';
import { PartitionLog } from '../../../src/storage/partition-log.ts';
import { removeLog } from '../../../src/storage/remove-log.ts';
import { BatchMaker, drawSettings } from './drawn-log.ts';
import { LogExpectation } from './log-expectation.ts';
import {
  findDiskError,
  sightingOfFailure,
  sightingOfFlip,
  sightingsOfStart,
  type LogSighting,
} from './log-sightings.ts';
import { judgeRead, readStart } from './judge-read.ts';

/** What a log has of the process that it lives in. */
export interface LogHome {
  readonly ports: ProcessPorts;
  readonly on: LogDisk;
  /** False once the process is down: whatever it still does in that turn nobody hears. */
  readonly isAlive: () => boolean;
}

export interface LogOptions {
  readonly name: string;
  readonly world: SimulatedWorld;
  readonly random: SimulatedRandom;
  /** Whether its process ends with it, or goes on and opens it again. */
  readonly exitsOnFault: boolean;
  /** Flips a bit of what is stored below a path; undefined where bits stay as they are. */
  readonly flip: ((path: string) => readonly FlippedBit[]) | undefined;
}

interface Life {
  readonly home: LogHome;
  log: PartitionLog | undefined;
  /** Ready for work: opened and looked at. */
  isReady: boolean;
}

/** A disk that fails now answers a little later. */
const againMs = 3;
export const logsFolder = 'partitions';
const readsAgainMax = 200;
const removedChance = 0.15;

export class LogUnderTest {
  readonly path: string;
  expected: LogExpectation;
  readonly maker: BatchMaker;
  readonly options: LogOptions;
  readonly #startAt: Offset;
  #life: Life | undefined;
  #removals = 0;
  /** The last failure was one of a sync: what it covered may be gone although reads show it. */
  failedOnSync = false;

  constructor(options: LogOptions) {
    const { name, random } = options;
    this.options = options;
    this.path = `${logsFolder}/${name}`;
    this.#startAt = offset(random.pick([0, 0, 1000]));
    this.expected = new LogExpectation(this.#startAt);
    this.maker = new BatchMaker(random.fork('batches'));
  }

  /** To be worked with now; undefined while it starts, ends or is down. */
  get log(): PartitionLog | undefined {
    const life = this.#life;
    return life !== undefined && life.isReady && life.home.isAlive() ? life.log : undefined;
  }

  saw(sighting: LogSighting): void {
    this.options.world.reached.count(sighting);
  }

  trace(text: string): void {
    this.options.world.trace.record(this.options.name, text);
  }

  /** The process lives; how the last one ended its expectation knows. Fails as the process would. */
  async start(home: LogHome): Promise<void> {
    const life: Life = { home, log: undefined, isReady: false };
    this.#life = life;
    this.expected.startsBegun += 1;
    const { random } = this.options;
    try {
      const opened = await PartitionLog.open({
        on: home.on,
        path: this.path,
        clock: home.ports.clock,
        startAt: this.#startAt,
        settings: drawSettings(random),
        onProgress: (position) => this.#guard(life, () => this.#hear(position)),
        onFault: (fault) => this.#guard(life, () => this.#onFault(life, fault)),
        onDamage: (range) => this.#guard(life, () => this.trace(`damage ${range.from} to ${range.to}`)),
      });
      if (!this.#isNow(life)) return;
      assert(opened.ok, 'nothing but a newer release makes a log that cannot be opened', () => ({ ...opened }));
      life.log = opened.value;
      this.#judgeOpened(opened.value);
      await this.#readThrough(life, opened.value);
      if (this.#isNow(life)) life.isReady = true;
    } catch (fault) {
      this.#guard(life, () => this.#onNotOpened(life, fault));
    }
  }

  /** Ends the log in order, or after a failure, and opens it again in the same process. */
  startAgain(): void {
    const life = this.#life;
    const log = life?.log;
    if (life === undefined || log === undefined || !life.isReady) return;
    life.isReady = false;
    const hadFailed = log.failure !== undefined;
    void log.close().then(
      () => this.#guard(life, () => this.#onClosed(life, log, hadFailed)),
      (fault: unknown) =>
        this.#guard(life, () => {
          this.judgeFault(fault);
          this.#onEnded(life, 'failed');
        }),
    );
  }

  /** Calls back while the same life of the log goes on, and hears of nothing but faults of the disk. */
  whenHeard<Value>(
    promise: Promise<Value>,
    act: (value: Value) => void,
    onFault: (fault: unknown) => void = () => {},
  ): void {
    const life = this.#life;
    if (life === undefined) return;
    promise.then(
      (value) => this.#guard(life, () => act(value)),
      (fault: unknown) =>
        this.#guard(life, () => {
          this.judgeFault(fault);
          onFault(fault);
        }),
    );
  }

  flipBit(): void {
    for (const { path, position } of this.options.flip?.(this.path) ?? []) {
      this.expected.isRotten = true;
      this.trace(`a bit flips at ${position} of ${path}`);
      const sighting = sightingOfFlip(path);
      if (sighting !== undefined) this.saw(sighting);
    }
  }

  /** S5, S6 and the disk alone end a log. */
  judgeFault(fault: unknown): void {
    if (!(fault instanceof FaultError)) throw fault;
    const error = findDiskError(fault);
    const isTold = error !== undefined || fault.message === 'the log was closed';
    assert(isTold || this.expected.isRotten, 'a log fails of nothing but its disk', () => ({ fault: String(fault) }));
  }

  /** All that it holds, in reads of all sizes. Resolves when it was looked at to its end. */
  async readAll(log: PartitionLog): Promise<void> {
    const { expected } = this;
    const sizes = [1, 300, 4000, 301];
    for (let from: Offset = log.localStart, at = 0; from < log.logEnd; at += 1) {
      const start = readStart(expected, log);
      const request = {
        from,
        bytesMax: sizes[at % sizes.length] ?? 1,
        check: at % 2 === 0 || expected.isRotten ? 'whole' : 'stamps',
      } as const;
      const answer = await log.read(request);
      const next = judgeRead({ expected, log, start }, request, answer);
      if (!answer.ok && answer.problem.type === 'damaged') this.saw('log: read met damage');
      if (next === from) return;
      from = next;
    }
  }

  async #readThrough(life: Life, log: PartitionLog): Promise<void> {
    for (let again = 0; ; again += 1) {
      try {
        await this.readAll(log);
        return;
      } catch (fault) {
        if (!this.#isNow(life) || again >= readsAgainMax) throw fault;
        this.judgeFault(fault);
        await delay(life.home.ports.clock, againMs);
      }
    }
  }

  #judgeOpened(log: PartitionLog): void {
    // A start that came after the removal may have got no further than to make an empty log anew.
    const isBegun = log.report.rebuilt.includes('checkpoint') && log.logEnd === log.localStart;
    if (this.expected.isBeingRemoved && (log.report.wasCreated || isBegun)) {
      this.saw('log: start found it removed');
      this.expected = new LogExpectation(this.#startAt);
    }
    this.expected.isBeingRemoved = false;
    const { expected } = this;
    const { report } = log;
    const before = expected.batches.length;
    const { durable } = expected.position;
    const { truncatingTo, restartingAt, cutEnd, lastEnd } = expected;
    this.trace(`opened, ${lastEnd}: ${log.localStart} to ${log.logEnd}, scanned ${report.scannedBytes}`);
    for (const sighting of sightingsOfStart(report, lastEnd)) this.saw(sighting);
    expected.judgeOpened(log);
    if (expected.batches.length < before) this.saw('log: start lost what was not durable');
    if (lastEnd === 'lost power' && log.logEnd > durable) this.saw('log: start kept what was not durable');
    if (expected.isRotten && report.dropped !== undefined) this.saw('log: start met an end that was spoiled');
    if (restartingAt !== undefined && log.localStart === restartingAt) this.saw('log: start finished to begin anew');
    if (truncatingTo === undefined) return;
    this.saw(
      log.logEnd <= cutEnd ? 'log: start finished a truncation' : 'log: start met a truncation that was not begun',
    );
  }

  #onNotOpened({ home }: Life, fault: unknown): void {
    this.judgeFault(fault);
    this.saw('log: start cut short');
    this.trace(`not opened: ${findDiskError(fault)?.message ?? String(fault)}`);
    if (this.options.exitsOnFault) home.ports.exit(fault as FaultError);
    else void delay(home.ports.clock, againMs).then(() => this.start(home));
  }

  #hear(position: LogPosition): void {
    this.expected.hear(position);
  }

  #onFault(life: Life, fault: FaultError): void {
    const log = life.log;
    // A start that fails throws as well; what could not be removed does not end the log.
    if (log?.failure === undefined) return;
    this.judgeFault(fault);
    this.failedOnSync = findDiskError(fault)?.facts['operation'] === 'sync';
    const sighting = sightingOfFailure(fault);
    if (sighting !== undefined) this.saw(sighting);
    this.trace(`failed: ${findDiskError(fault)?.message}`);
    const { random, exitsOnFault } = this.options;
    if (exitsOnFault) life.home.ports.exit(fault);
    else
      void delay(life.home.ports.clock, random.integerBelow(20)).then(() => this.#guard(life, () => this.startAgain()));
  }

  #onClosed(life: Life, log: PartitionLog, hadFailed: boolean): void {
    if (!hadFailed) {
      const { written, durable } = log.position;
      assert(durable === written, 'all of a log is durable when it is closed', { written, durable });
      this.saw('log: closed');
    }
    this.#onEnded(life, hadFailed ? 'failed' : 'closed');
  }

  #onEnded(life: Life, how: 'closed' | 'failed'): void {
    this.expected.lastEnd = how;
    this.trace(how);
    const { home } = life;
    const { random } = this.options;
    const isRemoved = how === 'closed' && random.chance(removedChance);
    this.#life = undefined;
    void delay(home.ports.clock, random.integerBelow(10)).then(async () => {
      if (isRemoved) await this.#remove(home);
      if (home.isAlive() && this.#life === undefined) return this.start(home);
      return undefined;
    });
  }

  /** Its topic is deleted, and one of that name is made. */
  async #remove({ ports, isAlive }: LogHome): Promise<void> {
    const { disk, clock, eventLog } = ports;
    const { random, world } = this.options;
    this.#removals += 1;
    this.expected.isBeingRemoved = true;
    this.trace('remove');
    try {
      const revision = logIndex(this.#removals);
      await removeLog({ disk, clock, eventLog, delayMs: random.integerBelow(50) }, this.path, { revision });
      if (!isAlive()) return;
      this.saw('log: removed');
      this.expected = new LogExpectation(this.#startAt);
    } catch (fault) {
      if (!(fault instanceof DiskError))
        world.fail({ what: 'a log is removed unless its disk fails', facts: { fault: String(fault) }, cause: fault });
    }
  }

  #isNow(life: Life): boolean {
    return this.#life === life && life.home.isAlive();
  }

  #guard(life: Life, act: () => void): void {
    if (!this.#isNow(life)) return;
    try {
      act();
    } catch (broken) {
      if (!(broken instanceof InvariantError)) throw broken;
      this.options.world.fail({
        what: broken.message,
        facts: { log: this.options.name, ...broken.facts },
        cause: broken,
      });
    }
  }
}
