/**
 * MetadataService/WatchMetadata: all open watches of a node, told of each change as fast as each of them reads.
 *
 * What a watcher is told is metadata-watch.ts's; here are the stream, the wait for a revision that the node does not
 * have yet, and the end. Nothing is listened to before the first watcher comes. Bound: `watchersMax` at once.
 */
import { indexZero, type LogIndex } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { StreamHandlers } from '../ports/stream.ts';
import type { MetadataQuorum } from '../quorum/metadata-quorum.ts';
import { watchMetadataReplyCodec, watchMetadataRequestCodec } from '../wire/metadata-messages.ts';
import { statusOfProblem, type ApiProblem } from './api-problem.ts';
import type { MetadataDoor } from './metadata-door.ts';
import { MetadataHistory } from './metadata-history.ts';
import { MetadataWatch } from './metadata-watch.ts';
import type { AdmittedCall, Method } from './service-table.ts';
import { malformed, undecodable } from './unary-method.ts';

export const watchersMax = 256;
/** A watcher that missed more is told everything anew. */
const rememberedChangesMax = 1000;

export class MetadataWatches {
  readonly #metadata: MetadataDoor;
  readonly #streams = new Set<WatchStream>();
  #history: MetadataHistory | undefined;
  #isClosed = false;

  constructor(metadata: MetadataDoor) {
    this.#metadata = metadata;
  }

  readonly method: Method = (call, host) => {
    const stream = new WatchStream(call, (opened) => {
      this.#open(opened).catch(host.onBug);
    });
    return {
      onMessage: (ownedMessage) => stream.onMessage(ownedMessage),
      onCredit: () => stream.pump(),
      onEnd: () => stream.onEnd(),
      onClose: () => {
        stream.isOpen = false;
        this.#streams.delete(stream);
      },
    };
  };

  /** The node stops: watchers are to go elsewhere. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.refuse(stopping);
  }

  async #open(stream: WatchStream): Promise<void> {
    const { fromRevision, context } = stream;
    // Whoever has seen more than this node has waits for it, so that nobody is ever told less than it knew.
    const image = await this.#metadata.read({ ...context, metadataRevision: fromRevision }, 'local');
    if (!image.ok) return stream.refuse(image.problem);
    const quorum = this.#metadata.find();
    if (!quorum.ok) return stream.refuse(quorum.problem);
    const room = this.#roomForOne();
    if (!room.ok) return stream.refuse(room.problem);
    if (!stream.isOpen) return undefined;
    const history = (this.#history ??= this.#listen(quorum.value));
    stream.begin(quorum.value, new MetadataWatch(fromRevision === indexZero ? undefined : history.since(fromRevision)));
    this.#streams.add(stream);
    return undefined;
  }

  #roomForOne(): Result<void, ApiProblem> {
    if (this.#isClosed) return refused(stopping);
    return this.#streams.size < watchersMax ? ok(undefined) : refused(tooManyWatchers);
  }

  #listen(quorum: MetadataQuorum): MetadataHistory {
    const history = new MetadataHistory(quorum.image.revision, rememberedChangesMax);
    quorum.onChange((delta) => {
      const touched = history.add(delta);
      for (const stream of this.#streams) {
        if (touched === undefined) stream.watch?.restart();
        else stream.watch?.touch(touched);
        stream.pump();
      }
    });
    return history;
  }
}

class WatchStream implements Pick<StreamHandlers, 'onMessage' | 'onEnd'> {
  readonly context: AdmittedCall['context'];
  readonly #stream: AdmittedCall['stream'];
  readonly #onRequest: (stream: WatchStream) => void;
  fromRevision: LogIndex = indexZero;
  watch: MetadataWatch | undefined;
  isOpen = true;
  #quorum: MetadataQuorum | undefined;
  #isRequested = false;

  constructor({ context, stream }: AdmittedCall, onRequest: (stream: WatchStream) => void) {
    this.context = context;
    this.#stream = stream;
    this.#onRequest = onRequest;
  }

  onMessage(ownedMessage: Uint8Array): void {
    this.#stream.release(ownedMessage.length);
    if (!this.isOpen) return;
    const { method } = this.context;
    if (this.#isRequested) return this.refuse(malformed(method, 'it takes exactly one request'));
    const request = watchMetadataRequestCodec.decode(ownedMessage);
    if (!request.ok) return this.refuse(undecodable(method, request.problem));
    this.fromRevision = request.value.fromRevision;
    this.#isRequested = true;
    this.#onRequest(this);
  }

  /** A watch lasts until the watcher hangs up, however long ago its request was complete. */
  onEnd(): void {
    if (!this.#isRequested) this.refuse(malformed(this.context.method, 'it takes exactly one request'));
  }

  begin(quorum: MetadataQuorum, watch: MetadataWatch): void {
    this.#quorum = quorum;
    this.watch = watch;
    this.pump();
  }

  /** Harmless when there is nothing to tell now. */
  pump(): void {
    while (this.isOpen && this.#quorum !== undefined && this.#stream.creditBytes > 0) {
      const message = this.watch?.nextMessage(this.#quorum.image);
      if (message === undefined) return;
      this.#stream.send([watchMetadataReplyCodec.encode(message)]);
    }
  }

  refuse(problem: ApiProblem): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#stream.close(statusOfProblem(problem));
  }
}

const stopping: ApiProblem = {
  error: 'node-stopping',
  message: 'this node is stopping; watch another node of the cluster, from the revision that you have',
};

const tooManyWatchers: ApiProblem = {
  error: 'limit-reached',
  message: `this node already serves ${watchersMax} watches of the metadata (watchersMax); watch another node`,
  metadata: { limit: 'watchersMax', value: String(watchersMax) },
};
