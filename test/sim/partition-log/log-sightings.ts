/**
 * What a campaign over partition logs must have met: one that never met it proves nothing about it.
 */
import { FaultError } from '../../../src/base/fault-error.ts';
import { DiskError } from '../../../src/ports/disk.ts';
import type { OpenReport } from '../../../src/storage/log-problem.ts';
import type { LastEnd } from './log-expectation.ts';

export const logSightings = [
  'log: opened, never lived',
  'log: opened, closed',
  'log: opened, failed',
  'log: opened, crashed',
  'log: opened, lost power',
  'log: start cut short',
  'log: start looked at nothing',
  'log: start lost what was not durable',
  'log: start kept what was not durable',
  'log: start dropped an end',
  'log: start made an index anew',
  'log: start made a copy of the checkpoint anew',
  'log: start made a checkpoint anew',
  'log: start finished a truncation',
  'log: start met a truncation that was not begun',
  'log: start met damage',
  'log: start met an end that was spoiled',
  'log: appended',
  'log: left a gap',
  'log: opened an epoch',
  'log: flushed',
  'log: rolled by its owner',
  'log: rolled by itself',
  'log: truncated',
  'log: truncated across segments',
  'log: truncated while it was read',
  'log: truncated below its start',
  'log: let go by retention',
  'log: local start moved',
  'log: partition start moved',
  'log: settings changed',
  'log: closed',
  'log: removed',
  'log: start found it removed',
  'log: producers kept',
  'log: producers found',
  'log: began anew further on',
  'log: start finished to begin anew',
  'log: read',
  'log: read to its budget',
  'log: read nothing',
  'log: read out of range',
  'log: read while it had failed',
  'log: read met damage',
  'log: looked up a time',
  'log: found a time',
  'log: failed on a write',
  'log: failed on a sync',
  'log: failed on a full disk',
  'log: bit flipped in a log file',
  'log: bit flipped in a stamps file',
  'log: bit flipped in a checkpoint',
  'log: bit flipped in an index',
] as const;
export type LogSighting = (typeof logSightings)[number];

export function sightingsOfStart(report: OpenReport, lastEnd: LastEnd): readonly LogSighting[] {
  const seen: LogSighting[] = [`log: opened, ${lastEnd}`];
  if (report.scannedBytes === 0 && lastEnd === 'closed') seen.push('log: start looked at nothing');
  if (report.dropped !== undefined) seen.push('log: start dropped an end');
  if (report.rebuilt.includes('index')) seen.push('log: start made an index anew');
  if (report.rebuilt.includes('checkpoint-copy')) seen.push('log: start made a copy of the checkpoint anew');
  if (report.rebuilt.includes('checkpoint')) seen.push('log: start made a checkpoint anew');
  if (report.damaged.length > 0) seen.push('log: start met damage');
  return seen;
}

export function sightingOfFlip(path: string): LogSighting | undefined {
  if (path.endsWith('.log')) return 'log: bit flipped in a log file';
  if (path.endsWith('.stamps')) return 'log: bit flipped in a stamps file';
  if (/checkpoint(\.copy)?$/.test(path)) return 'log: bit flipped in a checkpoint';
  return path.endsWith('index') ? 'log: bit flipped in an index' : undefined;
}

/** What of a fault was the disk's. */
export function findDiskError(fault: unknown): DiskError | undefined {
  for (let cause = fault; cause instanceof FaultError; cause = cause.cause)
    if (cause instanceof DiskError) return cause;
  return undefined;
}

export function sightingOfFailure(fault: FaultError): LogSighting | undefined {
  const error = findDiskError(fault);
  if (error?.problem === 'full') return 'log: failed on a full disk';
  if (error?.facts['operation'] === 'sync') return 'log: failed on a sync';
  return error?.facts['operation'] === 'write' ? 'log: failed on a write' : undefined;
}
