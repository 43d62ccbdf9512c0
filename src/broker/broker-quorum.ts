/**
 * The metadata quorum as a broker needs it. A process that is a voter as well has it beside it; any other follows the
 * log from one of the voters.
 */
import type { LogIndex } from '../base/raft-position.ts';
import type { BrokerHeartbeat } from '../metadata/controller-event.ts';
import type { MetadataAnswer, MetadataRefusal, MetadataRequest } from '../metadata/metadata-command.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';

export type ControllerReply =
  | { readonly type: 'done'; readonly answer: MetadataAnswer; readonly revision: LogIndex }
  | { readonly type: 'refused'; readonly problem: MetadataRefusal; readonly revision: LogIndex }
  /** No controller took it. It had no effect. */
  | { readonly type: 'not-served' }
  | { readonly type: 'outcome-unknown' };

export interface BrokerQuorum {
  /** The newest committed one that this process has. */
  readonly image: MetadataImage;
  /** Called after every change of `image`, in order, until the returned function is called. */
  onChange(listener: (delta: MetadataDelta) => void): () => void;
  /** Carried out once, however often it is asked for under the same request id. */
  request(request: MetadataRequest, waitMs: number): Promise<ControllerReply>;
  /** Resolves when the controller has heard it, or when nobody answered within `waitMs`. */
  heartbeat(heartbeat: BrokerHeartbeat, waitMs: number): Promise<unknown>;
}
