/**
 * `make chaos KIND=records`: idempotent producers and consumers on three processes, voter and broker each, while random
 * ones are killed or paused. The next fault comes when all replicas are in sync again. In the end everything starts from
 * disk and is read once more; the history of it all is judged, and the logs of the replicas are compared byte by byte.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sortNames } from '../../src/storage/log-inventory.ts';
import { segmentFileName } from '../../src/storage/segment-names.ts';
import { LogHistoryChecker } from '../../src/testing/log-history-checker.ts';
import { describeTimes, oneFault, type OneFault, type StormOptions } from './fault-storm.ts';
import { onFreshQuorum, type LocalQuorum, type QuorumOptions } from './local-quorum.ts';
import { RecordConsumer } from './record-consumer.ts';
import { RecordPlaces } from './record-places.ts';
import { RecordProducer, type StormClients } from './record-producer.ts';
import { Timeline } from './timeline.ts';

export const recordsWritableMsMax = 5_000;
const writableMsMedianMax = 3_000;
const partitionCount = 6;
const replicas = 3;
const producerCount = 6;
const settleMsMax = 60_000;
const lookMs = 50;

/** One fault, from its beginning to its end; resolves with how long it took until all partitions took records again. */
export type Strike = (fault: OneFault, problems: string[]) => Promise<number>;

/** What went wrong; empty when all promises were kept. */
export function runRecordStorm(options: StormOptions): Promise<readonly string[]> {
  return runRecordsUnder((fault) => oneFault(fault), options, { roles: 'quorum,broker' });
}

export function runRecordsUnder(
  strike: Strike,
  options: StormOptions,
  nodes: QuorumOptions,
): Promise<readonly string[]> {
  return onFreshQuorum(options.say, (quorum) => stormOn(quorum, strike, options), nodes);
}

async function stormOn(quorum: LocalQuorum, strike: Strike, options: StormOptions): Promise<readonly string[]> {
  const { say, durationMs } = options;
  const timeline = new Timeline(say);
  const problems: string[] = [];
  const places = new RecordPlaces(quorum.brokers.map(({ process: each }) => each.addresses.api));
  await quorum.until(
    'a topic on three brokers',
    async () => (await places.createTopic(partitionCount, replicas)) || undefined,
  );
  await untilInSync(quorum, places);
  const storm = new RecordStorm(options, places, timeline);
  storm.begin();
  const writableMs = await storm.faultsOn(quorum, strike, problems);
  await delay(Math.max(0, durationMs - timeline.nowMs));
  await storm.endWrites();
  timeline.say('all faults are over; kill -9 of all, start from disk, and read everything again');
  await Promise.all(quorum.members.map(({ process: each }) => each.kill()));
  for (const { process: each } of quorum.members) each.start();
  await untilInSync(quorum, places);
  problems.push(...(await storm.readAgain()), ...storm.judge());
  problems.push(...compareLogs(quorum));
  writableMs.sort((left, right) => left - right);
  const median = writableMs[Math.floor((writableMs.length - 1) / 2)] ?? 0;
  if (median >= writableMsMedianMax) problems.push(`writable again after ${median.toFixed(0)} ms in the middle`);
  say('');
  for (const line of storm.describe()) say(line);
  say(`${writableMs.length} faults; all partitions writable again after ${describeTimes(writableMs)}`);
  say(timeline.describeMachine());
  places.close();
  return problems;
}

class RecordStorm {
  readonly #options: StormOptions;
  readonly #timeline: Timeline;
  readonly #clients: StormClients;
  readonly #checker = new LogHistoryChecker({ readToTheEnd: true });
  readonly #producers: RecordProducer[];
  readonly #consumers: RecordConsumer[] = [];
  readonly #waiting = new Set<(partition: number, sentAtMs: number) => void>();
  #writing: Promise<unknown> = Promise.resolve();
  #reading: Promise<unknown> = Promise.resolve();
  #writersOver = false;
  #readersOver = false;
  #flaw: string | undefined;

  constructor(options: StormOptions, places: RecordPlaces, timeline: Timeline) {
    this.#options = options;
    this.#timeline = timeline;
    this.#clients = {
      places,
      random: options.random,
      nowMs: () => timeline.nowMs,
      write: (line) => {
        const added = this.#checker.add(line);
        if (!added.ok) this.#flaw ??= `the history has a flaw: ${added.problem.reason}`;
      },
      onAcknowledged: (partition, sentAtMs) => {
        for (const tell of this.#waiting) tell(partition, sentAtMs);
      },
    };
    this.#producers = Array.from({ length: producerCount }, (_, at) => new RecordProducer(this.#clients, at + 1));
  }

  begin(): void {
    for (let partition = 0; partition < partitionCount; partition += 1)
      this.#consumers.push(new RecordConsumer(this.#clients, 100 + partition, partition));
    this.#writing = Promise.all(this.#producers.map((producer) => producer.run(() => this.#writersOver)));
    this.#reading = Promise.all(this.#consumers.map((consumer) => consumer.run(() => this.#readersOver)));
  }

  async faultsOn(quorum: LocalQuorum, strike: Strike, problems: string[]): Promise<number[]> {
    const { random, durationMs, faults } = this.#options;
    const timeline = this.#timeline;
    const writableMs: number[] = [];
    for (let fault = 1; fault <= faults; fault += 1) {
      await delay(Math.max(0, (durationMs * (fault - 0.5)) / faults - timeline.nowMs));
      const untilWritable = (): Promise<number> => this.#untilWritable();
      const tookMs = await strike({ fault, quorum, untilWritable, random, timeline }, problems);
      writableMs.push(tookMs);
      if (tookMs >= recordsWritableMsMax)
        problems.push(`a partition took no batch for ${tookMs.toFixed(0)} ms after fault ${fault}`);
      await untilInSync(quorum, this.#clients.places);
    }
    return writableMs;
  }

  async endWrites(): Promise<void> {
    this.#writersOver = true;
    await this.#writing;
    this.#readersOver = true;
    await this.#reading;
  }

  /** By those that read all along, to their end, and by new ones from the beginning. */
  async readAgain(): Promise<readonly string[]> {
    const again = Array.from(
      { length: partitionCount },
      (_, partition) => new RecordConsumer(this.#clients, 200 + partition, partition),
    );
    const ended = await Promise.all(
      [...this.#consumers, ...again].map((consumer) => consumer.readToTheEnd(settleMsMax)),
    );
    return ended.every(Boolean) ? [] : ['a partition could not be read to its end'];
  }

  judge(): readonly string[] {
    const { holds, anomalies } = this.#checker.finish();
    const problems = this.#flaw === undefined ? [] : [this.#flaw];
    for (const { name, severity, ...rest } of anomalies)
      if (severity === 'violation') problems.push(`${name}: ${JSON.stringify(rest).slice(0, 300)}`);
    if (!holds && problems.length === 0) problems.push('the history does not hold');
    return problems;
  }

  describe(): readonly string[] {
    const records = this.#producers.reduce((sum, producer) => sum + producer.records, 0);
    const attempts = this.#producers.reduce((sum, producer) => sum + producer.attempts, 0);
    const polls = this.#consumers.reduce((sum, consumer) => sum + consumer.polls, 0);
    return [`${records} records acknowledged in ${attempts} attempts, ${polls} polls; every one read twice and judged`];
  }

  /** Until a batch that was sent from now on is acknowledged in each partition. */
  #untilWritable(): Promise<number> {
    const startMs = this.#timeline.nowMs;
    const left = new Set(Array.from({ length: partitionCount }, (_, partition) => partition));
    return new Promise((resolve) => {
      const tell = (partition: number, sentAtMs: number): void => {
        if (sentAtMs < startMs) return;
        left.delete(partition);
        if (left.size > 0) return;
        this.#waiting.delete(tell);
        resolve(this.#timeline.nowMs - startMs);
      };
      this.#waiting.add(tell);
    });
  }
}

async function untilInSync(quorum: LocalQuorum, places: RecordPlaces): Promise<void> {
  await quorum.until('all replicas are in sync', async () => {
    const isSeen = await places.look();
    const { partitions } = places;
    const isWhole = partitions.length === partitionCount && partitions.every(({ inSync }) => inSync === replicas);
    if (isSeen && isWhole && partitions.every(({ endpoint }) => endpoint !== undefined)) return true;
    await delay(lookMs);
    return undefined;
  });
}

/** P13: what is in sync and stands still is the same everywhere, whatever the segments that it lies in. */
function compareLogs(quorum: LocalQuorum): readonly string[] {
  const hashes = quorum.brokers.map(({ process: each }) => {
    const folder = join(quorum.folder, String(each.voterId), 'broker/partitions');
    const logs = readdirSync(folder, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? each.name : []));
    return new Map(logs.map((log) => [log, hashOf(join(folder, log))]));
  });
  const [first] = hashes;
  const problems: string[] = [];
  for (const [log, hash] of first ?? [])
    if (hashes.some((others) => others.get(log) !== hash)) problems.push(`P13: the replicas of ${log} differ on disk`);
  if ((first?.size ?? 0) !== partitionCount)
    problems.push(`${first?.size ?? 0} logs where ${partitionCount} should be`);
  return problems;
}

function hashOf(folder: string): string {
  const hash = createHash('sha256');
  for (const base of sortNames(readdirSync(folder)).bases)
    hash.update(readFileSync(join(folder, segmentFileName(base, 'log'))));
  return hash.digest('hex');
}
