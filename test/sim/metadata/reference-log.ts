/**
 * The one log that all nodes of a simulated cluster must have seen, and the image after each of its entries.
 *
 * Whatever node applies something first tells what it is; every other node must apply the same at the same index (R5),
 * and whatever it then holds must be the fold (M1). The fold is made entry by entry, and its invariants are looked at
 * after each.
 */
import { InvariantError } from '../../../src/base/assert.ts';
import { logIndex } from '../../../src/base/raft-position.ts';
import { assertImageInvariants, assertStepInvariants } from '../../../src/metadata/image-invariants.ts';
import { emptyImage, type MetadataImage } from '../../../src/metadata/metadata-image.ts';
import type { MetadataBatch } from '../../../src/metadata/metadata-record.ts';
import { MetadataReplay } from '../../../src/metadata/metadata-replay.ts';
import { snapshotOf } from '../../../src/metadata/metadata-snapshot.ts';
import { MetadataStateMachine } from '../../../src/quorum/metadata-state-machine.ts';
import type { CommittedCommand } from '../../../src/quorum/quorum-state-machine.ts';
import type { SimulatedWorld } from '../../../src/simulation/simulated-world.ts';
import { metadataBatchCodec, metadataSnapshotCodec } from '../../../src/wire/metadata-log-codec.ts';
import { metadataQuorumCodecs } from '../../../src/wire/metadata-quorum-codecs.ts';
import { MetadataSightings } from './metadata-sightings.ts';

interface ReferenceEntry {
  /** Undefined: the first entry of a leadership, or a set of voters. */
  readonly hex: string | undefined;
  readonly batch: MetadataBatch | undefined;
  readonly isVoid: boolean;
  readonly image: MetadataImage;
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export class ReferenceLog {
  readonly #world: SimulatedWorld;
  /** The entry of index n is at place n - 1. */
  readonly #entries: ReferenceEntry[] = [];
  readonly #sightings: MetadataSightings;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#sightings = new MetadataSightings(world);
  }

  get lastIndex(): number {
    return this.#entries.length;
  }

  imageAt(index: number): MetadataImage | undefined {
    return index === 0 ? emptyImage : this.#entries[index - 1]?.image;
  }

  batchAt(index: number): MetadataBatch | undefined {
    const entry = this.#entries[index - 1];
    return entry?.isVoid === false ? entry.batch : undefined;
  }

  /** A state machine whose every step is compared. */
  makeMachine(node: string): MetadataStateMachine {
    return new WatchedMachine(this, node);
  }

  onApplied(node: string, entry: { index: number; bytes: Uint8Array | undefined }): void {
    const hex = entry.bytes === undefined ? undefined : hexOf(entry.bytes);
    const known = this.#entries[entry.index - 1];
    if (known === undefined) this.#append(entry.index, entry.bytes, hex);
    else if (known.hex !== hex) this.#fail('R5: an index is one entry, on every node', { node, index: entry.index });
  }

  onRestored(): void {
    this.#world.reached.count('metadata: snapshot restored');
  }

  onImage(node: string, image: MetadataImage): void {
    const expected = this.imageAt(image.revision);
    if (expected === undefined) this.#fail('M1: an image comes from entries', { node, revision: image.revision });
    else if (image !== expected && stateOf(image) !== stateOf(expected))
      this.#fail('M1: an image is the fold of the log, on every node', { node, revision: image.revision });
  }

  #append(index: number, bytes: Uint8Array | undefined, hex: string | undefined): void {
    const before = this.imageAt(index - 1);
    if (before === undefined) return this.#fail('R5: entries are applied without gaps', { index });
    const batch = bytes === undefined ? undefined : metadataBatchCodec.decode(bytes);
    const replay = new MetadataReplay(before);
    let isVoid = false;
    if (batch?.ok === true) isVoid = !replay.addBatch(logIndex(index), batch.value);
    else replay.advanceTo(logIndex(index));
    const delta = replay.finish();
    if (isVoid) this.#sightings.onVoid();
    else this.#sightings.onEntry(delta);
    try {
      assertImageInvariants(delta.after);
      assertStepInvariants(delta);
    } catch (broken) {
      if (!(broken instanceof InvariantError)) throw broken;
      this.#fail(broken.message, { index, ...broken.facts });
    }
    this.#entries.push({ hex, batch: batch?.ok === true ? batch.value : undefined, isVoid, image: delta.after });
    return undefined;
  }

  #fail(what: string, facts: Readonly<Record<string, unknown>>): void {
    this.#world.fail({ what, facts });
  }
}

function stateOf(image: MetadataImage): string {
  const counts = [...image.brokers.values()].map(({ replicaCount, leaderCount }) => `${replicaCount}/${leaderCount}`);
  return `${hexOf(metadataSnapshotCodec.encode(snapshotOf(image)))} ${counts.join()}`;
}

class WatchedMachine extends MetadataStateMachine {
  readonly #log: ReferenceLog;
  readonly #node: string;

  constructor(log: ReferenceLog, node: string) {
    super(metadataQuorumCodecs.log);
    this.#log = log;
    this.#node = node;
  }

  override apply(commands: readonly CommittedCommand[], upTo: CommittedCommand['index']): readonly Uint8Array[] {
    const bytesAt = new Map(commands.map(({ index, bytes }) => [index as number, bytes]));
    for (let index = this.image.revision + 1; index <= upTo; index += 1)
      this.#log.onApplied(this.#node, { index, bytes: bytesAt.get(index) });
    const replies = super.apply(commands, upTo);
    this.#log.onImage(this.#node, this.image);
    return replies;
  }

  override restore(ownedSnapshot: Uint8Array): void {
    super.restore(ownedSnapshot);
    this.#log.onRestored();
    this.#log.onImage(this.#node, this.image);
  }
}
