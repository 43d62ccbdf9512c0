/**
 * QuorumService/Snapshot: all metadata in pieces, as fast as its reader gives credit.
 *
 * The image is made into bytes once per call, so their number is what bounds the memory: `snapshotsMax` at once.
 */
import type { Result } from '../base/result.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { snapshotOf } from '../metadata/metadata-snapshot.ts';
import { crc32c } from '../record/crc32c.ts';
import { metadataSnapshotCodec } from '../wire/metadata-log-codec.ts';
import { snapshotReplyCodec, snapshotRequestCodec } from '../wire/snapshot-messages.ts';
import type { ApiProblem } from './api-problem.ts';
import { serverStreamMethod, type StreamedCall, type StreamedWork } from './server-stream-method.ts';
import type { Method } from './service-table.ts';

export const snapshotsMax = 4;
const pieceBytesMax = 64 * 1024;

export function snapshotStream(find: () => Result<MetadataImage, ApiProblem>): Method {
  let open = 0;
  return serverStreamMethod(snapshotRequestCodec, (call) => {
    const image = find();
    if (!image.ok || open >= snapshotsMax) {
      call.refuse(image.ok ? tooMany : image.problem);
      return { onRoom() {}, onEnd() {} };
    }
    open += 1;
    return new SnapshotPump(call, image.value, () => {
      open -= 1;
    });
  });
}

class SnapshotPump implements StreamedWork {
  readonly #call: StreamedCall<undefined>;
  readonly #bytes: Uint8Array;
  readonly #revision: MetadataImage['revision'];
  readonly onEnd: () => void;
  #sentBytes = 0;

  constructor(call: StreamedCall<undefined>, image: MetadataImage, onEnd: () => void) {
    this.#call = call;
    this.#revision = image.revision;
    this.#bytes = metadataSnapshotCodec.encode(snapshotOf(image));
    this.onEnd = onEnd;
  }

  onRoom(): void {
    while (this.#call.mayReply) {
      const end = Math.min(this.#sentBytes + pieceBytesMax, this.#bytes.length);
      const isLast = end === this.#bytes.length;
      const reply = snapshotReplyCodec.encode({
        revision: this.#revision,
        piece: this.#bytes.subarray(this.#sentBytes, end),
        totalBytes: this.#bytes.length,
        checksum: isLast ? crc32c(this.#bytes) : undefined,
      });
      this.#sentBytes = end;
      this.#call.reply(reply);
      if (isLast) this.#call.finish();
    }
  }
}

const tooMany: ApiProblem = {
  error: 'limit-reached',
  message: `this node already sends ${snapshotsMax} snapshots (snapshotsMax); wait for one of them, or ask another node`,
  metadata: { limit: 'snapshotsMax', value: String(snapshotsMax) },
  retryAfterMs: 1000,
};
