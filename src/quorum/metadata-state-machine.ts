/**
 * The metadata as the quorum's log drives it: entries and snapshots in, images out. On voters and on observers.
 *
 * Listeners are called after each run of entries with what it changed. Whoever waits for a revision is
 * revision-waits.ts's. What entries mean is metadata/metadata-replay.ts's.
 */
import { FaultError } from '../base/fault-error.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';
import { emptyImage, type MetadataImage } from '../metadata/metadata-image.ts';
import { metadataLimits } from '../metadata/metadata-limits.ts';
import type { MetadataBatch } from '../metadata/metadata-record.ts';
import { MetadataReplay, type RememberLimits } from '../metadata/metadata-replay.ts';
import { imageOf, snapshotOf, type MetadataSnapshot } from '../metadata/metadata-snapshot.ts';
import type { Codec } from '../ports/codec.ts';
import type { CommittedCommand, QuorumStateMachine } from './quorum-state-machine.ts';

export interface MetadataLogCodecs {
  readonly batch: Codec<MetadataBatch>;
  readonly snapshot: Codec<MetadataSnapshot>;
}

/** The reply to a batch: whether it counts. */
export const voidReply = Uint8Array.of(0);
const countedReply = Uint8Array.of(1);

export class MetadataStateMachine implements QuorumStateMachine {
  readonly remember: RememberLimits;
  readonly #codecs: MetadataLogCodecs;
  readonly #listeners = new Set<(delta: MetadataDelta) => void>();
  #image: MetadataImage = emptyImage;

  constructor(codecs: MetadataLogCodecs, remember: RememberLimits = metadataLimits) {
    this.#codecs = codecs;
    this.remember = remember;
  }

  get image(): MetadataImage {
    return this.#image;
  }

  /** Called after every change of `image`, in order, until the returned function is called. Must not throw. */
  onChange(listener: (delta: MetadataDelta) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  apply(commands: readonly CommittedCommand[], upTo: LogIndex): readonly Uint8Array[] {
    const replay = new MetadataReplay(this.#image, this.remember);
    const replies = commands.map(({ index, bytes }) => {
      return replay.addBatch(index, this.#decode(index, bytes)) ? countedReply : voidReply;
    });
    if (upTo > replay.revision) replay.advanceTo(upTo);
    this.#changeTo(replay.finish());
    return replies;
  }

  snapshot(): Uint8Array {
    return this.#codecs.snapshot.encode(snapshotOf(this.#image));
  }

  restore(ownedSnapshot: Uint8Array): void {
    const snapshot = this.#codecs.snapshot.decode(ownedSnapshot);
    if (!snapshot.ok)
      throw new FaultError('a snapshot of the metadata cannot be read; a newer release may have written it', {
        why: snapshot.problem.why,
      });
    const after = imageOf(snapshot.value, this.remember);
    const none = new Set<never>();
    const lists = { brokers: none, topicsCreated: none, topicsDeleted: none, configs: none, features: none };
    this.#changeTo({ before: this.#image, after, isWhole: true, ...lists, partitions: new Map() });
  }

  #changeTo(delta: MetadataDelta): void {
    this.#image = delta.after;
    for (const listener of this.#listeners) listener(delta);
  }

  #decode(index: LogIndex, bytes: Uint8Array): MetadataBatch {
    const batch = this.#codecs.batch.decode(bytes);
    if (batch.ok) return batch.value;
    throw new FaultError('the metadata log has an entry that this release cannot read; start a newer one', {
      index,
      why: batch.problem.why,
    });
  }
}
