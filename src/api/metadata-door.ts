/**
 * How services get at the metadata: images to read, at the consistency that the caller asks for, and commands.
 *
 * Both wait for the quorum no longer than the caller does. A command without a request id gets one here, so that what
 * the quorum repeats on its own is still carried out once.
 */
import { uniqueIdFromBytes } from '../base/ids.ts';
import { logIndex, type LogIndex } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { MetadataAnswer, MetadataCommand } from '../metadata/metadata-command.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { MetadataQuorum, RevisionProblem } from '../quorum/metadata-quorum.ts';
import type { ConsistencyName } from '../wire/request-fields.ts';
import type { ApiProblem } from './api-problem.ts';
import { waitMsUntil } from './call-wait.ts';
import { problemOfMetadata, requestIdReused, type FieldPaths } from './metadata-problem.ts';
import { problemOfRefusal, soonMs } from './quorum-problem.ts';
import type { RequestContext } from './request-context.ts';

export interface MetadataDoorParts {
  /** Refused while the node starts or stops. */
  readonly find: () => Result<MetadataQuorum, ApiProblem>;
  readonly clock: Clock;
  readonly random: Random;
}

export interface WantedChange {
  readonly command: MetadataCommand;
  /** The caller's; undefined: one is made up. */
  readonly requestId: string | undefined;
  /** What the request calls the fields of the command. */
  readonly paths: FieldPaths;
}

export interface ChangeMade<Answer extends MetadataAnswer> {
  readonly answer: Answer;
  readonly revision: LogIndex;
}

export class MetadataDoor {
  readonly #parts: MetadataDoorParts;

  constructor(parts: MetadataDoorParts) {
    this.#parts = parts;
  }

  find(): Result<MetadataQuorum, ApiProblem> {
    return this.#parts.find();
  }

  /** An image with everything in it that the consistency asks for, and nothing less than the caller has seen. */
  async read(
    { deadlineAtMs, metadataRevision }: RequestContext,
    consistency: ConsistencyName,
  ): Promise<Result<MetadataImage, ApiProblem>> {
    const quorum = this.#parts.find();
    if (!quorum.ok) return quorum;
    const { clock } = this.#parts;
    const seen = logIndex(metadataRevision ?? 0);
    let wanted = seen;
    if (consistency === 'linearizable') {
      const current = await quorum.value.currentRevision(waitMsUntil(deadlineAtMs, clock));
      if (!current.ok) return refused(problemOfRefusal(current.problem));
      if (current.value > wanted) wanted = current.value;
    }
    const image = await quorum.value.untilRevision(wanted, waitMsUntil(deadlineAtMs, clock));
    return image.ok ? image : refused(problemOfRevision(image.problem, wanted));
  }

  /** `type` is the kind of answer that the command gets. */
  async change<Type extends MetadataAnswer['type']>(
    { deadlineAtMs }: RequestContext,
    type: Type,
    { command, requestId, paths }: WantedChange,
  ): Promise<Result<ChangeMade<Extract<MetadataAnswer, { type: Type }>>, ApiProblem>> {
    const quorum = this.#parts.find();
    if (!quorum.ok) return quorum;
    const { clock, random } = this.#parts;
    const id = requestId ?? uniqueIdFromBytes(random.bytes(16));
    const reply = await quorum.value.request({ requestId: id, command }, waitMsUntil(deadlineAtMs, clock));
    if (reply.type !== 'done') return refused(problemOfMetadata(reply, paths));
    const { answer, revision } = reply;
    // A request id belongs to one request; the core refuses it for another one, and so for another kind.
    if (!isOfType(answer, type)) return refused(requestIdReused(id));
    return ok({ answer, revision });
  }
}

function isOfType<Type extends MetadataAnswer['type']>(
  answer: MetadataAnswer,
  type: Type,
): answer is Extract<MetadataAnswer, { type: Type }> {
  return answer.type === type;
}

function problemOfRevision(problem: RevisionProblem, wanted: LogIndex): ApiProblem {
  if (problem.type === 'stopping')
    return { error: 'node-stopping', message: 'this node is stopping; ask another node of the cluster' };
  return {
    error: 'metadata-behind',
    message: `this node has the metadata up to ${problem.revision}, and ${wanted} is asked for; retry, or ask another node`,
    metadata: { revision: String(problem.revision), wanted: String(wanted) },
    retryAfterMs: soonMs,
  };
}
