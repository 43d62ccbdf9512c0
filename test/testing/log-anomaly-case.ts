/**
 * One anomaly, shown by the smallest history that has it, and a history that nearly has it and must not be accused.
 */
import type { LogAnomalyName } from '../../src/testing/log-anomaly.ts';
import type { LogCheckOptions } from '../../src/testing/log-history-checker.ts';
import { script, type HistoryScript } from './history-script.ts';

export interface LogAnomalyCase {
  readonly name: LogAnomalyName;
  readonly shows: HistoryScript;
  /** What follows from it is found too. */
  readonly and?: readonly LogAnomalyName[];
  /** The lines that must be among the proof. */
  readonly lines: readonly number[];
  readonly options?: LogCheckOptions;
  readonly nearMisses: readonly NearMiss[];
}

export interface NearMiss {
  readonly why: string;
  readonly history: HistoryScript;
  /** Allowed, and worth a note. */
  readonly noted?: readonly LogAnomalyName[];
  readonly options?: LogCheckOptions;
}

export const toTheEnd: LogCheckOptions = { readToTheEnd: true };

/** a, b and c are acknowledged at the offsets 0, 1 and 2: lines 1 to 6. */
export const abc = (): HistoryScript => script().send(0, 'a', 0).send(0, 'b', 1).send(0, 'c', 2);
