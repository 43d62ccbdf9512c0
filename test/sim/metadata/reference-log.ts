/**
 * The one log that all nodes of a simulated cluster must have seen, and the image after each of its entries.
 *
 * Whatever node applies something first tells what it is; every other node must apply the same at the same index (R5),
 * and whatever it then holds must be the fold (M1). The fold is made entry by entry, and its invariants are looked at
 * after each.
 */
import { InvariantError } from '../../../src/base/assert.ts';
import type { MetadataImage } from '../../../src/metadata/metadata-image.ts';
import { snapshotOf } from '../../../src/metadata/metadata-snapshot.ts';
import { MetadataStateMachine } from '../../../src/quorum/metadata-state-machine.ts';
import type { CommittedCommand } from '../../../src/quorum/quorum-state-machine.ts';
import type { SimulatedWorld } from '../../../src/simulation/simulated-world.ts';
import { metadataSnapshotCodec } from '../../../src/wire/metadata-log-codec.ts';
import { metadataQuorumCodecs } from '../../../src/wire/metadata-quorum-codecs.ts';
import { FoldedLog } from '../../quorum/folded-log.ts';
import { MetadataSightings } from './metadata-sightings.ts';

const hexOf = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? '' : Buffer.from(bytes).toString('hex');

export class ReferenceLog {
  readonly #world: SimulatedWorld;
  readonly #folded = new FoldedLog();
  readonly #sightings: MetadataSightings;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#sightings = new MetadataSightings(world);
  }

  get folded(): FoldedLog {
    return this.#folded;
  }

  /** A state machine whose every step is compared. */
  makeMachine(node: string): MetadataStateMachine {
    return new WatchedMachine(this, node);
  }

  onApplied(node: string, { index, bytes }: { index: number; bytes: Uint8Array | undefined }): void {
    const { lastIndex } = this.#folded;
    if (index === lastIndex + 1) this.#append(bytes);
    else if (index > lastIndex) this.#fail('R5: entries are applied without gaps', { node, index });
    else if (hexOf(this.#folded.bytesAt(index)) !== hexOf(bytes))
      this.#fail('R5: an index is one entry, on every node', { node, index });
  }

  onRestored(): void {
    this.#world.reached.count('metadata: snapshot restored');
  }

  onImage(node: string, image: MetadataImage): void {
    const expected = this.#folded.imageAt(image.revision);
    if (expected === undefined) this.#fail('M1: an image comes from entries', { node, revision: image.revision });
    else if (image !== expected && stateOf(image) !== stateOf(expected))
      this.#fail('M1: an image is the fold of the log, on every node', { node, revision: image.revision });
  }

  #append(bytes: Uint8Array | undefined): void {
    try {
      const { delta, isVoid } = this.#folded.append(bytes);
      if (isVoid) this.#sightings.onVoid();
      else this.#sightings.onEntry(delta);
    } catch (broken) {
      if (!(broken instanceof InvariantError)) throw broken;
      this.#fail(broken.message, { index: this.#folded.lastIndex, ...broken.facts });
    }
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
