/**
 * The metadata as services use it, the same on a voter and on an observer: commands, which end at the controller
 * whichever node was asked, and images, which are the node's own.
 */
import type { LogIndex } from '../base/raft-position.ts';
import type { Result } from '../base/result.ts';
import type { MetadataAnswer, MetadataRefusal, MetadataRequest } from '../metadata/metadata-command.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { LeaderRefusal } from '../raft/leader-call.ts';

export type MetadataReply =
  /** An image from `revision` on shows it; without a change of its own, it is so in the image at `revision`. */
  | { readonly type: 'done'; readonly answer: MetadataAnswer; readonly revision: LogIndex }
  /** The controller refused it, by the image at exactly `revision`. Nothing of this call had or will have an effect. */
  | { readonly type: 'refused'; readonly problem: MetadataRefusal; readonly revision: LogIndex }
  /** No controller took it. It had no effect. */
  | { readonly type: 'not-served'; readonly problem: LeaderRefusal }
  /** Ask again with the same request id. */
  | { readonly type: 'outcome-unknown' };

/** Why an image at that revision is not to be had here. */
export type RevisionProblem =
  /** The node did not get there in time; it is at `revision`. */
  { readonly type: 'behind'; readonly revision: LogIndex } | { readonly type: 'stopping' };

export interface MetadataQuorum {
  /** The newest committed one that this node has. Costs nothing; may be behind. */
  readonly image: MetadataImage;
  /** Decided once, however often it is asked; `waitMs` bounds how long a controller is looked for. */
  request(request: MetadataRequest, waitMs: number): Promise<MetadataReply>;
  /** An image with that entry in it, at once where this node has one. */
  untilRevision(revision: LogIndex, waitMs: number): Promise<Result<MetadataImage, RevisionProblem>>;
  /** A revision with everything in it that was acknowledged to anybody before this call. Wait for it, then look. */
  currentRevision(waitMs: number): Promise<Result<LogIndex, LeaderRefusal>>;
  /** Called after every change of `image`, in order, until the returned function is called. Must not throw. */
  onChange(listener: (delta: MetadataDelta) => void): () => void;
}
