/**
 * Puts a damaged log back with what other replicas have, in passes: those are asked in turn, the leader first. A log that
 * could merely not be read is read as a whole.
 *
 * What lies damaged may be what no other log holds: the end of a log whose leader died before anybody had it. Only
 * whoever leads can tell, so it is said what the leader has in its place, and left to the core.
 */
import { FaultError } from '../base/fault-error.ts';
import type { BrokerId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { DamagedRange } from '../storage/damaged-range.ts';
import type { MendEnd } from '../storage/log-mender.ts';
import type { PartitionLog } from '../storage/partition-log.ts';
import type { PartitionKey } from './partition-key.ts';
import type { PeerBatches } from '../partition/peer-batches.ts';

export interface LogRepairerOptions {
  readonly key: PartitionKey;
  readonly log: PartitionLog;
  readonly eventLog: EventLog;
  /** Replicas elsewhere, the leader first. */
  readonly sources: () => readonly BrokerId[];
  readonly read: (from: BrokerId, offset: Offset) => Promise<PeerBatches | undefined>;
  /** In that leadership, whoever leads has something else there, or nothing. */
  readonly onNotShared: (from: Offset, leaderEpoch: LeaderEpoch) => void;
}

const lookBytes = 1024 * 1024;

/** `better`: something of it was put back, or is known to be damaged now. */
export type RepairPass = 'whole' | 'better' | 'no-better';

export class LogRepairer {
  readonly #options: LogRepairerOptions;
  #isStopped = false;
  #isRead = false;

  constructor(options: LogRepairerOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** One look at what is wrong, and one try with everybody who may have it. */
  async pass(): Promise<RepairPass> {
    const { log } = this.#options;
    const before = log.damaged;
    if (before.length === 0) this.#isRead = (await this.#readAll()) || this.#isRead;
    const [range] = log.damaged;
    if (range === undefined) return this.#isRead ? 'whole' : 'no-better';
    // What is mended is whole, and so is the rest as far as anybody knows.
    this.#isRead = true;
    return (await this.#mend(range)) || before !== log.damaged ? 'better' : 'no-better';
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
    // Opened with its end damaged, a log does not know whose records those were; its leader alone can say how it goes on.
    const isEndUnknown = range.to === log.logEnd && log.report.damaged.some(({ to }) => to === range.to);
    for (const source of sources()) {
      if (this.#isOver()) return false;
      let leaderEpoch: LeaderEpoch | undefined;
      const end = await log.mend(range, async (from) => {
        const batches = await read(source, from);
        leaderEpoch = batches?.leaderEpoch;
        return isEndUnknown && leaderEpoch === undefined ? undefined : batches?.ownedBatches;
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
      if (isOtherwise(end, range.from) && leaderEpoch !== undefined) this.#options.onNotShared(range.from, leaderEpoch);
    }
    return false;
  }
}

/** From the first of its offsets on the other log is not what this one was: it ends, or another batch is there. */
function isOtherwise(end: MendEnd, from: Offset): boolean {
  if (end.type === 'no-bytes') return end.at === from;
  if (end.type !== 'refused') return false;
  const { problem } = end;
  if (problem.type === 'other-epoch') return problem.baseOffset === from;
  return problem.type === 'does-not-fit' && problem.at === from;
}
