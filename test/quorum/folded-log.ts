/**
 * A metadata log folded entry by entry, with the image after each, and every invariant looked at after each. What
 * nodes hold and what clients were told is compared with it.
 */
import { logIndex } from '../../src/base/raft-position.ts';
import { assertImageInvariants, assertStepInvariants } from '../../src/metadata/image-invariants.ts';
import type { MetadataDelta } from '../../src/metadata/metadata-delta.ts';
import { emptyImage, type MetadataImage } from '../../src/metadata/metadata-image.ts';
import type { MetadataBatch } from '../../src/metadata/metadata-record.ts';
import { MetadataReplay } from '../../src/metadata/metadata-replay.ts';
import { metadataBatchCodec } from '../../src/wire/metadata-log-codec.ts';

interface FoldedEntry {
  /** Undefined: the entry says nothing about the metadata. */
  readonly bytes: Uint8Array | undefined;
  /** Undefined as well where it counts for nothing. */
  readonly batch: MetadataBatch | undefined;
  readonly image: MetadataImage;
}

export class FoldedLog {
  /** The entry of index n is at place n - 1. */
  readonly #entries: FoldedEntry[] = [];
  #voids = 0;

  get lastIndex(): number {
    return this.#entries.length;
  }

  /** Batches that count for nothing. */
  get voids(): number {
    return this.#voids;
  }

  bytesAt(index: number): Uint8Array | undefined {
    return this.#entries[index - 1]?.bytes;
  }

  /** Undefined beyond the end. */
  imageAt(index: number): MetadataImage | undefined {
    return index === 0 ? emptyImage : this.#entries[index - 1]?.image;
  }

  batchAt(index: number): MetadataBatch | undefined {
    return this.#entries[index - 1]?.batch;
  }

  /** Throws an InvariantError where an image or a step is not as it must be. */
  append(bytes: Uint8Array | undefined): { readonly delta: MetadataDelta; readonly isVoid: boolean } {
    const index = logIndex(this.lastIndex + 1);
    const batch = bytes === undefined ? undefined : metadataBatchCodec.decode(bytes);
    if (batch?.ok === false) throw new Error(`entry ${index} cannot be read: ${batch.problem.why}`);
    const replay = new MetadataReplay(this.imageAt(this.lastIndex) ?? emptyImage);
    if (batch === undefined) replay.advanceTo(index);
    const isVoid = batch !== undefined && !replay.addBatch(index, batch.value);
    const delta = replay.finish();
    if (isVoid) this.#voids += 1;
    this.#entries.push({ bytes, batch: isVoid ? undefined : batch?.value, image: delta.after });
    assertImageInvariants(delta.after);
    assertStepInvariants(delta);
    return { delta, isVoid };
  }
}
