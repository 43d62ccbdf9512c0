/**
 * A correct partition in memory, for histories that must pass: a watermark below which readers see, a tail that a
 * change of leaders may cut off, transactions that are open, committed or aborted, markers that take offsets, and
 * compaction.
 */
import type { HistoryPartition, LocatedValue } from '../../src/testing/log-history.ts';
import type { SimulatedRandom } from '../../src/simulation/simulated-random.ts';

export interface ModelRecord {
  offset: number;
  value: string;
  readonly key?: string | undefined;
  readonly tombstone?: boolean | undefined;
  state: 'committed' | 'open' | 'aborted' | 'marker';
  isPolled: boolean;
  /** Acknowledged by all. */
  isPromised: boolean;
}

export class ModelLog {
  readonly at: HistoryPartition;
  readonly isCompacted: boolean;
  readonly records: ModelRecord[] = [];
  end = 0;
  watermark = 0;

  constructor(at: HistoryPartition, isCompacted: boolean) {
    this.at = at;
    this.isCompacted = isCompacted;
  }

  append(record: Pick<ModelRecord, 'value' | 'state' | 'key' | 'tombstone'>): ModelRecord {
    const appended = { ...record, offset: this.end, isPolled: false, isPromised: false };
    this.records.push(appended);
    this.end += 1;
    return appended;
  }

  replicate(): void {
    this.watermark = this.end;
  }

  /** Another leader: it has what is below the watermark. */
  truncate(): readonly ModelRecord[] {
    const kept = this.records.filter(({ offset }) => offset < this.watermark).length;
    this.end = this.watermark;
    return this.records.splice(kept);
  }

  /** What a reader gets who may read up to, and without, `limit`. */
  read(from: number, { max, limit = this.stableEnd() }: { max: number; limit?: number }): LocatedValue[] {
    const visible = this.records.filter(
      ({ offset, state }) => offset >= from && offset < limit && state === 'committed',
    );
    const given = visible.slice(0, max);
    for (const record of given) record.isPolled = true;
    return given.map(({ offset, value }) => [offset, value]);
  }

  /** Below it everything is replicated and decided. */
  stableEnd(): number {
    const open = this.records.find(({ state }) => state === 'open');
    return Math.min(this.watermark, open?.offset ?? Infinity);
  }

  compact(random: SimulatedRandom): void {
    if (!this.isCompacted) return;
    const end = this.stableEnd();
    const newest = new Map<string | undefined, number>();
    for (const { key, offset, state } of this.records)
      if (offset < end && state === 'committed') newest.set(key, offset);
    for (let at = this.records.length - 1; at >= 0; at -= 1) {
      const { key, offset, state, tombstone } = this.records[at] as ModelRecord;
      if (key === undefined || offset >= end || state !== 'committed') continue;
      const isSuperfluous = (newest.get(key) ?? offset) > offset || (tombstone === true && random.chance(0.5));
      if (isSuperfluous) this.records.splice(at, 1);
    }
  }
}
