/**
 * Opens the log of a replica and says of it what the partition core wants to know, what its producers did included.
 */
import type { DirectoryId } from '../base/ids.ts';
import type { Offset } from '../base/offsets.ts';
import { ok, type Result } from '../base/result.ts';
import { assignedBatch } from '../partition/partition-batch.ts';
import type { OpenedLog, PartitionLimits, ReopenedLog } from '../partition/partition-options.ts';
import { ProducerSequences, type ProducerState } from '../partition/producer-sequences.ts';
import { decodeProducers } from '../partition/producer-snapshot.ts';
import { splitBatches } from '../record/split-batches.ts';
import type { OpenProblem } from '../storage/log-problem.ts';
import { PartitionLog, type PartitionLogOptions } from '../storage/partition-log.ts';

/** What a log held that ran out of space, in this life of the broker. */
export interface HeldLog {
  readonly reopened: ReopenedLog;
  /** Everything below was in the file. */
  readonly written: Offset;
  readonly watermark: Offset;
}

export interface ReplicaOptions {
  readonly directory: DirectoryId;
  readonly limits: PartitionLimits;
  /** Everything below was committed, as it was last kept. */
  readonly knownWatermark: Offset;
  /** The broker's last life ended in order, so nothing that was written was lost. */
  readonly wasStoppedCleanly: boolean;
  /** Undefined: it is opened for the first time in this life. */
  readonly held: HeldLog | undefined;
}

export interface OpenedReplica {
  readonly log: PartitionLog;
  readonly opened: OpenedLog;
}

export async function openReplica(
  options: ReplicaOptions,
  logOptions: PartitionLogOptions,
): Promise<Result<OpenedReplica, OpenProblem>> {
  const log = await PartitionLog.open(logOptions);
  if (!log.ok) return log;
  const { directory, limits, wasStoppedCleanly, held } = options;
  const knownWatermark = held?.watermark ?? options.knownWatermark;
  const { report, position, localStart, partitionStart, logEnd, epochs } = log.value;
  const producers = await replayProducers(log.value, limits);
  const isNew = report.wasCreated && knownWatermark === 0;
  const lostUnflushed = !wasStoppedCleanly && !isNew && logOptions.settings?.flush.type !== 'each-append';
  const opened: OpenedLog = {
    directory,
    generation: position.generation,
    localStart,
    start: partitionStart,
    end: logEnd,
    epochs,
    producers,
    watermark: knownWatermark,
    // Beyond what was written there is at most a part of what nobody was told of.
    mayLack:
      report.lostStart !== undefined ||
      (held === undefined ? report.dropped !== undefined || lostUnflushed : logEnd < held.written),
    // The replay may have found some.
    isDamaged: log.value.damaged.length > 0,
  };
  return ok({ log: log.value, opened });
}

const replayBytes = 1024 * 1024;

/** I3: the state that was kept, and what the batches after it come to. */
export async function replayProducers(log: PartitionLog, limits: PartitionLimits): Promise<readonly ProducerState[]> {
  const kept = await log.findProducers();
  const states = kept === undefined ? undefined : decodeProducers(kept.ownedBytes);
  const { producersMax, producerWindow: window } = limits;
  const sequences = new ProducerSequences({ producersMax, window }, states);
  let from = states === undefined || kept === undefined ? log.localStart : kept.at;
  if (from < log.localStart) from = log.localStart;
  for (;;) {
    const read = await log.read({ from, bytesMax: replayBytes, check: 'whole' });
    if (!read.ok) {
      // A replica with damage takes no part until that is repaired, and its log is replayed again then.
      if (read.problem.type !== 'damaged') return sequences.snapshot();
      from = read.problem.range.to;
      continue;
    }
    const { ownedBytes, nextOffset } = read.value;
    if (ownedBytes.length === 0) return sequences.snapshot();
    for (const bytes of splitBatches(ownedBytes)) {
      const batch = assignedBatch(bytes);
      if (batch.baseOffset >= from) sequences.replay(batch);
    }
    from = nextOffset;
  }
}
