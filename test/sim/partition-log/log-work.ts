/**
 * What the owner of a log may ask of it, drawn by chance, one thing on top of the other, and what must have come true
 * when it is answered. Two things the owner keeps apart itself: moves of the log's start, and appends from truncations.
 */
import { assert } from '../../../src/base/assert.ts';
import { leaderEpoch, offset, type Offset } from '../../../src/base/offsets.ts';
import type { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import type { ReadRequest } from '../../../src/storage/log-reader.ts';
import type { RetentionRule } from '../../../src/storage/log-retention.ts';
import type { PartitionLog } from '../../../src/storage/partition-log.ts';
import type { StampedBatch } from '../../../src/storage/stamped-batch.ts';
import { drawSettings } from './drawn-log.ts';
import { judgeEpochEnd, judgeRead, judgeTimed, readStart } from './judge-read.ts';
import type { LogUnderTest } from './log-under-test.ts';

const appendsMax = 30;
const readsMax = 10;

export class LogWork {
  readonly #subject: LogUnderTest;
  readonly #random: SimulatedRandom;
  /** Under way with the present life of the log; all of them mean nothing to the next one. */
  #log: PartitionLog | undefined;
  #appends = 0;
  #reads = 0;
  #isMoving = false;

  constructor(subject: LogUnderTest, random: SimulatedRandom) {
    this.#subject = subject;
    this.#random = random;
  }

  /** One thing more. */
  step(log: PartitionLog): void {
    if (this.#log !== log) {
      this.#log = log;
      this.#appends = 0;
      this.#reads = 0;
      this.#isMoving = false;
    }
    const share = this.#random.fraction();
    if (share < 0.42) this.append(log);
    else if (share < 0.52) this.#flush(log);
    else if (share < 0.7) this.#read(log);
    else if (share < 0.73) this.#lookUp(log);
    else if (share < 0.76) this.#keepProducers(log);
    else if (share < 0.78) this.#findProducers(log);
    else if (share < 0.8) this.#askEpoch(log);
    else if (share < 0.84) this.#roll(log);
    else if (share < 0.87) this.#truncate(log);
    else if (share < 0.885) this.#restart(log);
    else if (share < 0.95) this.#move(log);
    else if (share < 0.965) this.#changeSettings(log);
    else if (share < 0.975) this.#subject.startAgain();
    else this.#flipBit();
  }

  /** Whatever cuts the log is by itself, as a change of roles is. */
  get #isCut(): boolean {
    const { truncatingTo, restartingAt } = this.#subject.expected;
    return truncatingTo !== undefined || restartingAt !== undefined;
  }

  append(log: PartitionLog): void {
    const { expected, maker } = this.#subject;
    if (log.failure !== undefined || this.#isCut || this.#appends >= appendsMax) return;
    const batches: StampedBatch[] = [];
    let end = log.logEnd;
    let epoch: number | undefined = log.latestEpoch;
    for (let count = this.#random.integerBetween(1, 3); count > 0; count -= 1) {
      const batch = maker.after(end, epoch);
      if (batch.baseOffset > end) this.#subject.saw('log: left a gap');
      if (batch.leaderEpoch !== epoch) this.#subject.saw('log: opened an epoch');
      batches.push(batch);
      end = batch.nextOffset;
      epoch = batch.leaderEpoch;
    }
    const segments = log.segments.length;
    this.#subject.trace(`append ${batches[0]?.baseOffset} to ${end}`);
    const appended = log.append(batches);
    expected.batches.push(...batches);
    assert(log.logEnd === end, 'what is appended is assigned at once', { end, logEnd: log.logEnd });
    this.#appends += 1;
    this.#subject.whenHeard(appended, () => {
      this.#appends -= 1;
      this.#subject.saw('log: appended');
      if (log.segments.length > segments) this.#subject.saw('log: rolled by itself');
      assert(log.position.written >= end, 'S7: an append resolves when it is written', { end, ...log.position });
    });
  }

  #flush(log: PartitionLog): void {
    const { logEnd } = log;
    const { generation } = log.position;
    this.#subject.trace(`flush ${logEnd}`);
    this.#subject.whenHeard(log.flush(), () => {
      this.#subject.saw('log: flushed');
      const { durable } = log.position;
      const isCut = log.position.generation !== generation;
      assert(isCut || durable >= logEnd, 'S7: a flush resolves when all of it is durable', { logEnd, durable });
    });
  }

  #read(log: PartitionLog): void {
    if (this.#reads >= readsMax) return;
    const { expected } = this.#subject;
    const request = this.#drawRead(log);
    const start = readStart(expected, log);
    const hadFailed = log.failure !== undefined;
    const { generation, written, durable } = log.position;
    this.#reads += 1;
    this.#subject.whenHeard(
      log.read(request),
      (answer) => {
        this.#reads -= 1;
        const next = judgeRead({ expected, log, start }, request, answer);
        this.#subject.saw(
          answer.ok
            ? 'log: read'
            : answer.problem.type === 'damaged'
              ? 'log: read met damage'
              : 'log: read out of range',
        );
        if (!answer.ok) return;
        const { length } = answer.value.ownedBytes;
        if (length === 0) this.#subject.saw('log: read nothing');
        else if (next < log.logEnd) this.#subject.saw('log: read to its budget');
        if (log.position.generation !== generation) this.#subject.saw('log: truncated while it was read');
        if (!hadFailed) return;
        this.#subject.saw('log: read while it had failed');
        const trusted = this.#subject.failedOnSync ? durable : written;
        assert(length === 0 || next <= trusted, 'S6: after a failed flush only what was durable is served', {
          next,
          trusted,
        });
      },
      () => {
        this.#reads -= 1;
      },
    );
  }

  #drawRead({ localStart, logEnd }: PartitionLog): ReadRequest {
    const random = this.#random;
    const from = offset(
      random.chance(0.05)
        ? logEnd + random.integerBelow(3)
        : random.integerBetween(Math.max(0, localStart - 2), logEnd),
    );
    const bytesMax = random.pick([1, 200, 1000, 100_000]);
    const check = random.pick(['whole', 'stamps'] as const);
    const below = random.chance(0.2) ? { below: offset(random.integerBetween(from, Math.max(from, logEnd))) } : {};
    return { from, bytesMax, check, ...below };
  }

  #lookUp(log: PartitionLog): void {
    const { expected, maker } = this.#subject;
    const start = readStart(expected, log);
    const timestampMs = Math.max(0, maker.nowMs - this.#random.integerBelow(600));
    const moved = log.localStart;
    this.#subject.whenHeard(log.findByTime(timestampMs), (answer) => {
      this.#subject.saw('log: looked up a time');
      if (answer.ok && answer.value !== undefined) this.#subject.saw('log: found a time');
      if (log.localStart === moved) judgeTimed({ expected, log, start }, timestampMs, answer);
    });
  }

  #askEpoch(log: PartitionLog): void {
    const { expected } = this.#subject;
    judgeEpochEnd({ expected, log }, leaderEpoch(this.#random.integerBetween(0, (log.latestEpoch ?? 0) + 2)));
  }

  #roll(log: PartitionLog): void {
    this.#subject.trace('roll');
    const { logEnd } = log;
    const { generation } = log.position;
    this.#subject.whenHeard(log.roll(), () => {
      this.#subject.saw('log: rolled by its owner');
      const isCut = log.position.generation !== generation;
      assert(isCut || log.position.durable >= logEnd, 'S7: a segment is durable before the next', { logEnd });
    });
  }

  #truncate(log: PartitionLog, backMax = this.#random.chance(0.7) ? 8 : 60): void {
    const { expected } = this.#subject;
    if (this.#isCut) return;
    const to = offset(Math.max(log.localStart, log.logEnd - this.#random.integerBelow(backMax)));
    const segments = log.segments.length;
    this.#subject.trace(`truncate to ${to}`);
    expected.truncatingTo = to;
    this.#subject.whenHeard(log.truncate(to), (end) => {
      const kept = expected.keptBelow(expected.isRotten ? end : to);
      const facts = () => ({ to, end, logEnd: log.logEnd, kept: kept.at(-1)?.nextOffset });
      assert(end === log.logEnd, 'a truncation resolves with the end of the log', facts);
      const isRight = end === Math.max(kept.at(-1)?.nextOffset ?? 0, log.localStart);
      assert(isRight || expected.isRotten, 'S4: a truncation cuts all that lies beyond, and no more', facts);
      expected.truncated(kept);
      this.#subject.saw('log: truncated');
      if (log.segments.length < segments) this.#subject.saw('log: truncated across segments');
      if (end > to) this.#subject.saw('log: truncated below its start');
    });
  }

  /** As a follower does whose leader has nothing any more of what would come next. */
  #restart(log: PartitionLog): void {
    const { expected } = this.#subject;
    if (this.#isCut || this.#isMoving || log.failure !== undefined) return;
    // Whoever is asked for what comes right behind its end has no reason to drop anything.
    const start = offset(log.logEnd + this.#random.integerBetween(log.logEnd > log.localStart ? 1 : 0, 20));
    this.#subject.trace(`begin anew at ${start}`);
    expected.restartingAt = start;
    this.#subject.whenHeard(log.restartAt(start, Buffer.from(`${start} nothing`)), () => {
      expected.restarted(start);
      assert(log.logEnd === start && log.localStart === start, 'a log that begins anew does so where it was told', {
        start,
        logEnd: log.logEnd,
      });
      this.#subject.saw('log: began anew further on');
    });
  }

  #keepProducers(log: PartitionLog): void {
    const { expected } = this.#subject;
    if (log.failure !== undefined || this.#isCut) return;
    let keptAt = log.logEnd;
    const { generation } = log.position;
    this.#subject.trace('keep producers');
    const encode = (): Uint8Array => {
      keptAt = log.logEnd;
      return Buffer.from(expected.producersAt(keptAt));
    };
    this.#subject.whenHeard(log.saveProducers(encode), () => {
      this.#subject.saw('log: producers kept');
      if (log.position.generation !== generation) return;
      assert(log.position.durable >= keptAt, 'S7: what is known of producers is of what is durable', { keptAt });
      if (keptAt > (expected.producersKeptAt ?? 0)) expected.producersKeptAt = keptAt;
    });
  }

  #findProducers(log: PartitionLog): void {
    const { expected } = this.#subject;
    const { generation } = log.position;
    const keptAt = expected.producersKeptAt;
    if (this.#isCut) return;
    this.#subject.whenHeard(log.findProducers(), (state) => {
      // An owner asks before it works with the log; a cut meanwhile makes the answer one about the past.
      if (log.position.generation !== generation || this.#isCut || keptAt !== expected.producersKeptAt) return;
      if (state !== undefined) this.#subject.saw('log: producers found');
      expected.judgeProducers(log, state);
    });
  }

  #move(log: PartitionLog): void {
    const { expected } = this.#subject;
    if (this.#isMoving || expected.restartingAt !== undefined || log.failure !== undefined) return;
    this.#isMoving = true;
    const below = log.position.durable;
    const wanted = offset(this.#random.integerBetween(0, below));
    const most = { local: expected.localStart, partition: expected.partitionStart };
    const how = this.#random.pick(['partition', 'local', 'retention'] as const);
    const rule = this.#drawRule(below);
    expected.startsAtMost =
      how === 'partition'
        ? { ...most, partition: larger(wanted, most.partition) }
        : { ...most, local: larger(how === 'local' ? wanted : below, most.local) };
    this.#subject.trace(`move start by ${how}: ${how === 'retention' ? JSON.stringify(rule) : wanted}`);
    const held = log.segments;
    const moved =
      how === 'partition'
        ? log.movePartitionStart(wanted)
        : how === 'local'
          ? log.moveLocalStart(wanted)
          : log.retain(rule);
    this.#subject.whenHeard<unknown>(moved, () => {
      this.#isMoving = false;
      const { localStart, partitionStart } = log;
      const facts = () => ({ how, wanted, rule, localStart, partitionStart, most, held });
      const known = { local: expected.localStart, partition: expected.partitionStart };
      assert(localStart <= (expected.startsAtMost?.local ?? 0), 'S3: a log lets go of no more than it was told', facts);
      assert(
        localStart >= known.local && partitionStart >= known.partition,
        'S13: the starts of a log never go back',
        facts,
      );
      if (how === 'partition')
        assert(
          partitionStart === larger(wanted, known.partition),
          'the start of a partition is where it was moved to',
          facts,
        );
      if (how === 'retention' && localStart > known.local) this.#judgeRetention(rule, localStart);
      if (localStart > known.local)
        this.#subject.saw(how === 'local' ? 'log: local start moved' : 'log: let go by retention');
      if (partitionStart > known.partition) this.#subject.saw('log: partition start moved');
      expected.localStart = localStart;
      expected.partitionStart = partitionStart;
      expected.startsAtMost = undefined;
    });
    // Retention knows nothing of a leader that has less.
    if (this.#random.chance(0.2)) this.#truncate(log, 1000);
  }

  /** Whoever lets go by size keeps as much, and whoever lets go by age nothing that is younger. */
  #judgeRetention({ bytesMax, keepFromMs }: RetentionRule, localStart: Offset): void {
    const { expected } = this.#subject;
    const kept = expected.batches.filter(({ baseOffset }) => baseOffset >= localStart);
    const bytes = kept.reduce((sum, { ownedBytes }) => sum + ownedBytes.length, 0);
    const gone = expected.batches.filter(
      ({ baseOffset }) => baseOffset < localStart && baseOffset >= expected.localStart,
    );
    const newestMs = Math.max(-1, ...gone.map(({ maxTimestampMs }) => maxTimestampMs));
    const isMuch = bytesMax !== undefined && bytes >= bytesMax;
    const isOld = keepFromMs !== undefined && newestMs < keepFromMs;
    const isRight = isMuch || isOld || (bytesMax !== undefined && keepFromMs !== undefined) || expected.isRotten;
    assert(isRight, 'retention lets go of what is old, or more than is to be kept', {
      bytes,
      bytesMax,
      newestMs,
      keepFromMs,
    });
  }

  #drawRule(below: Offset): RetentionRule {
    const random = this.#random;
    const byBytes = random.chance(0.6);
    return {
      bytesMax: byBytes ? random.integerBetween(300, 6000) : undefined,
      keepFromMs: byBytes && random.chance(0.7) ? undefined : this.#subject.maker.nowMs - random.integerBelow(400),
      below,
    };
  }

  #changeSettings(log: PartitionLog): void {
    this.#subject.saw('log: settings changed');
    log.changeSettings(drawSettings(this.#random));
  }

  #flipBit(): void {
    this.#subject.flipBit();
  }
}

function larger(one: Offset, other: Offset): Offset {
  return one > other ? one : other;
}
