/**
 * The two questions that every call passes before its handler: may this caller do this, and is there room for it.
 *
 * Each service asks through service-table.ts, so an access check or a quota that lands later covers every method
 * at once, those written before it included.
 */
import { ok, type Result } from '../base/result.ts';
import type { ApiProblem } from './api-problem.ts';
import type { RequestContext } from './request-context.ts';

export interface CallHooks {
  authorize(context: RequestContext): Result<void, ApiProblem>;
  /** Asked once per call, with the size of its first message. */
  admit(context: RequestContext, requestBytes: number): Result<void, ApiProblem>;
}

/** Everyone may do everything: right only on a listener that strangers cannot reach. */
export const allowAll: CallHooks = {
  authorize: () => ok(undefined),
  admit: () => ok(undefined),
};
