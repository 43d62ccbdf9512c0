/**
 * The metadata as the services of a voter use it: commands by way of whoever leads, images of its own state machine.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { LogIndex } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { Heard } from '../metadata/control-call.ts';
import type { BrokerHeartbeat } from '../metadata/controller-event.ts';
import type { MetadataRequest } from '../metadata/metadata-command.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { Clock } from '../ports/clock.ts';
import type { LeaderRefusal } from '../raft/leader-call.ts';
import { askController, type ControllerCaller, type ControlOutcome } from './ask-controller.ts';
import type { ControlCodecs } from './controller-runner.ts';
import type { MetadataQuorum, MetadataReply, RevisionProblem } from './metadata-quorum.ts';
import type { MetadataStateMachine } from './metadata-state-machine.ts';
import { RevisionWaits } from './revision-waits.ts';

export interface VoterMetadataParts {
  readonly quorum: ControllerCaller;
  readonly machine: MetadataStateMachine;
  readonly codecs: ControlCodecs;
  readonly clock: Clock;
}

export class VoterMetadata implements MetadataQuorum {
  readonly #parts: VoterMetadataParts;
  readonly #waits: RevisionWaits;

  constructor(parts: VoterMetadataParts) {
    this.#parts = parts;
    this.#waits = new RevisionWaits(parts.machine, parts.clock);
  }

  get image(): MetadataImage {
    return this.#parts.machine.image;
  }

  async request(request: MetadataRequest, waitMs: number): Promise<MetadataReply> {
    const { quorum, codecs } = this.#parts;
    const ask = quorum.ask.bind(quorum);
    return replyOf(await askController({ ask, codecs }, { type: 'request', request }, waitMs));
  }

  untilRevision(revision: LogIndex, waitMs: number): Promise<Result<MetadataImage, RevisionProblem>> {
    return this.#waits.until(revision, waitMs);
  }

  async currentRevision(waitMs: number): Promise<Result<LogIndex, LeaderRefusal>> {
    const answer = await this.#parts.quorum.ask({ type: 'read-index' }, waitMs);
    if (answer.type === 'done') return ok(answer.index);
    // A read has no effect whose outcome could be unknown.
    return refused(answer.type === 'refused' ? answer.problem : { type: 'not-leader', leader: undefined });
  }

  /** Undefined when no controller was reached in time. */
  async heartbeat(heartbeat: BrokerHeartbeat, waitMs: number): Promise<Heard | undefined> {
    const { quorum, codecs } = this.#parts;
    const ask = quorum.ask.bind(quorum);
    const outcome = await askController({ ask, codecs }, { type: 'heartbeat', heartbeat }, waitMs);
    return outcome.type === 'heard' ? outcome : undefined;
  }

  onChange(listener: (delta: MetadataDelta) => void): () => void {
    return this.#parts.machine.onChange(listener);
  }

  close(): void {
    this.#waits.close();
  }
}

export function replyOf(outcome: ControlOutcome): MetadataReply {
  switch (outcome.type) {
    case 'decided':
      return { ...outcome.outcome, revision: outcome.revision };
    // An answer to something else: whoever sent it does not speak our language.
    case 'heard':
      return { type: 'outcome-unknown' };
    case 'not-served':
    case 'outcome-unknown':
      return outcome;
    default:
      return assertUnreachable(outcome);
  }
}
