/**
 * Puts a damaged log back with what other replicas have, however long that takes: those are asked in turn, the leader
 * first, and again after a while. A log that could merely not be read is read as a whole, until that works.
 *
 * What lies damaged may be what no other log holds: the end of a log whose leader died before anybody had it. Only
 * whoever leads can tell, so it is said what the leader has in its place, and left to the core.
 */
import { FaultError } from '../base/fault-error.ts';
import type { BrokerId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import { delay, type Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { DamagedRange } from '../storage/damaged-range.ts';
import type { MendEnd } from '../storage/log-mender.ts';
import type { PartitionLog } from '../storage/partition-log.ts';
import type { PartitionKey } from './partition-key.ts';
import type { PeerBatches } from '../partition/peer-batches.ts';

export interface LogRepairerOptions {
  readonly key: PartitionKey;
  readonly log: PartitionLog;
  readonly clock: Clock;
  readonly eventLog: EventLog;
  /** Replicas elsewhere, the leader first. */
  readonly sources: () => readonly BrokerId[];
  readonly read: (from: BrokerId, offset: Offset) => Promise<PeerBatches | undefined>;
  /** In that leadership, whoever leads has something else there, or nothing. */
  readonly onNotShared: (from: Offset, leaderEpoch: LeaderEpoch) => void;
}

const lookBytes = 1024 * 1024;
const retryMsMin = 500;
const retryMsMax = 30_000;

export class LogRepairer {
  readonly #options: LogRepairerOptions;
  #isStopped = false;

  constructor(options: LogRepairerOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** True when all of the log can be read again; false when it was stopped, or the log has failed. */
  async run(): Promise<boolean> {
    const { log, clock } = this.#options;
    let waitMs = retryMsMin;
    let isRead = log.damaged.length > 0;
    while (!this.#isOver()) {
      const before = log.damaged;
      isRead ||= await this.#readAll();
      const [range] = log.damaged;
      if (isRead && range === undefined) return true;
      const isMended = range !== undefined && (await this.#mend(range));
      if (isMended || before !== log.damaged) waitMs = retryMsMin;
      else {
        await delay(clock, waitMs);
        waitMs = Math.min(2 * waitMs, retryMsMax);
      }
    }
    return false;
  }

  #isOver(): boolean {
    return this.#isStopped || this.#options.log.failure !== undefined;
  }

  /** Damage that is found becomes known by it. False: the disk does not give all of it. */
  async #readAll(): Promise<boolean> {
    const { log } = this.#options;
    for (let from = log.localStart; from < log.logEnd && !this.#isOver();) {
      try {
        const read = await log.read({ from, bytesMax: lookBytes, check: 'whole' });
        if (read.ok && read.value.nextOffset === from) return true;
        if (read.ok) from = read.value.nextOffset;
        else from = read.problem.type === 'damaged' ? read.problem.range.to : log.localStart;
      } catch (cause) {
        if (!(cause instanceof FaultError)) throw cause;
        return false;
      }
    }
    return true;
  }

  async #mend(range: DamagedRange): Promise<boolean> {
    const { key, log, eventLog, sources, read } = this.#options;
    for (const source of sources()) {
      if (this.#isOver()) return false;
      let leaderEpoch: LeaderEpoch | undefined;
      const end = await log.mend(range, async (from) => {
        const batches = await read(source, from);
        leaderEpoch = batches?.leaderEpoch;
        return batches?.ownedBatches;
      });
      if (end.type === 'changed') return true;
      if (end.type === 'mended') {
        eventLog.emit('warn', 'put back a damaged part of a log with what another replica has', {
          ...key,
          from: range.from,
          to: range.to,
          source,
        });
        return true;
      }
      if (end.type !== 'no-answer')
        eventLog.emit('debug', 'could not put back a damaged part of a log', { ...key, ...range, source, end });
      if (isOtherwise(end) && leaderEpoch !== undefined) this.#options.onNotShared(range.from, leaderEpoch);
    }
    return false;
  }
}

/** The other log is whole there, and is not what this one was. */
function isOtherwise(end: MendEnd): boolean {
  return end.type === 'no-bytes' || (end.type === 'refused' && end.problem.type !== 'flawed');
}
