/**
 * How a command fails: an exit code that scripts branch on, a sentence for people, and a hint what to do next.
 */
import type { StatusName } from '../base/status.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  'not-found': 3,
  conflict: 4,
  'not-authorised': 5,
  unavailable: 6,
  timeout: 7,
  damaged: 8,
  interrupted: 130,
} as const satisfies Record<string, number>;

export type ExitName = keyof typeof exitCodes;

export interface CliFailure {
  readonly exit: Exclude<ExitName, 'ok'>;
  readonly message: string;
  /** What to type or change next. */
  readonly hint?: string;
  /** The reason of a google.rpc.ErrorInfo, where a node refused. */
  readonly reason?: string;
  readonly facts?: Readonly<Record<string, string>>;
}

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly failure: CliFailure;

  constructor(failure: CliFailure, cause?: unknown) {
    super(failure.message, { cause });
    this.failure = failure;
  }
}

const exitOfStatus: Partial<Record<StatusName, CliFailure['exit']>> = {
  'not-found': 'not-found',
  'already-exists': 'conflict',
  'failed-precondition': 'conflict',
  aborted: 'conflict',
  'permission-denied': 'not-authorised',
  unauthenticated: 'not-authorised',
  unavailable: 'unavailable',
  'deadline-exceeded': 'timeout',
};

export function exitForStatus(name: StatusName): CliFailure['exit'] {
  return exitOfStatus[name] ?? 'failed';
}

/** One JSON line, or up to a few lines for people. Ends with a line break. */
export function renderFailure(failure: CliFailure, asJson: boolean): string {
  const { exit, message, hint, reason, facts } = failure;
  if (asJson)
    return `${JSON.stringify({ error: { exit, exitCode: exitCodes[exit], message, hint, reason, facts } })}\n`;
  const hintLines = hint === undefined ? '' : hint.replaceAll(/^/gm, '  ') + '\n';
  return `odradek: ${message}\n${hintLines}`;
}
