/**
 * Why a call is refused, in the words of base/error-codes.ts, and how that travels as a gRPC status.
 *
 * Handlers return one; nothing in api/ throws for something that a caller can cause. The message is written for
 * the person who reads it at a prompt: what was wrong, where, what to do next.
 */
import { errorCodes, type ErrorName } from '../base/error-codes.ts';
import { statusCodes, statusOf, type Status } from '../base/status.ts';
import { encodeErrorDetails, type FieldViolation } from '../wire/error-details.ts';

export interface ApiProblem {
  readonly error: ErrorName;
  readonly message: string;
  /** Facts for programs, such as the name and value of a limit. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Set where the same call may succeed after a wait. */
  readonly retryAfterMs?: number;
  readonly violations?: readonly FieldViolation[];
}

export function statusOfProblem(problem: ApiProblem): Status {
  const row = errorCodes[problem.error];
  const details = encodeErrorDetails({
    statusCode: statusCodes[row.status],
    message: problem.message,
    reason: reasonOf(problem.error),
    metadata: problem.metadata ?? {},
    retryAfterMs: problem.retryAfterMs,
    violations: problem.violations ?? [],
  });
  return statusOf(row.status, problem.message, details);
}

/** The reason of a google.rpc.ErrorInfo: the name in odradek.v1.ErrorCode without its prefix. */
export function reasonOf(error: ErrorName): string {
  return error.toUpperCase().replaceAll('-', '_');
}
