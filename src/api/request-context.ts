/**
 * What every handler knows about the call that it answers, whoever sent it.
 *
 * Made once per call from what the stream tells and from small headers. Nothing in it is trusted: until
 * principals are verified everyone is anonymous, and client id and rack are only what the caller says.
 */
import { positionFromOutside } from '../base/brand.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { IncomingStream } from '../ports/stream.ts';
import type { ApiProblem } from './api-problem.ts';

/** Who asks. Only `anonymous` until transport security lands. */
export type Principal = { readonly type: 'anonymous' } | { readonly type: 'user'; readonly name: string };

export interface RequestContext {
  /** package.Service/Method. */
  readonly method: string;
  readonly principal: Principal;
  /** What the client calls itself; empty when it does not say. For logs and quotas, never for access. */
  readonly clientId: string;
  /** Which of the node's listeners took the call. */
  readonly listener: string;
  readonly rack: string | undefined;
  readonly peer: string;
  /** The host and port that the caller dialled. */
  readonly authority: string;
  /** On the node's monotonic clock; undefined when the caller waits without limit. */
  readonly deadlineAtMs: number | undefined;
  /** Fires when nobody waits for the answer any more. */
  readonly cancelled: AbortSignal;
  /** The metadata by which the caller routed the request; undefined when it does not say. */
  readonly metadataRevision: number | undefined;
}

export const clientIdHeader = 'odradek-client-id';
export const rackHeader = 'odradek-rack';
export const metadataRevisionHeader = 'odradek-metadata-revision';

const headerLengthMax = 255;

interface ContextSource {
  readonly incoming: IncomingStream;
  readonly listener: string;
  readonly clock: Clock;
  readonly cancelled: AbortSignal;
}

export function requestContextOf({
  incoming,
  listener,
  clock,
  cancelled,
}: ContextSource): Result<RequestContext, ApiProblem> {
  const { method, headers, peer, authority, deadlineMs } = incoming;
  for (const name of [clientIdHeader, rackHeader, metadataRevisionHeader]) {
    if ((headers[name]?.length ?? 0) > headerLengthMax)
      return refused(badHeader(name, `is longer than ${headerLengthMax} characters`));
  }
  const revision = revisionOf(headers[metadataRevisionHeader]);
  if (!revision.ok) return revision;
  return ok({
    method,
    principal: { type: 'anonymous' },
    clientId: headers[clientIdHeader] ?? '',
    listener,
    rack: headers[rackHeader],
    peer,
    authority,
    deadlineAtMs: deadlineMs === undefined ? undefined : clock.monotonicMs() + deadlineMs,
    cancelled,
    metadataRevision: revision.value,
  });
}

function revisionOf(text: string | undefined): Result<number | undefined, ApiProblem> {
  if (text === undefined) return ok(undefined);
  const revision = positionFromOutside<number>('metadata revision', /^\d{1,16}$/.test(text) ? Number(text) : text);
  return revision.ok ? revision : refused(badHeader(metadataRevisionHeader, 'is not a whole number from 0 to 2^53-1'));
}

function badHeader(name: string, why: string): ApiProblem {
  return {
    error: 'invalid-request',
    message: `the header ${name} ${why}; correct it or leave it out`,
    metadata: { header: name },
  };
}
