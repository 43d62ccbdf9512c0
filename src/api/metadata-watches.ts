/**
 * MetadataService/WatchMetadata: all open watches of a node, told of each change as fast as each of them reads.
 *
 * What a watcher is told is metadata-watch.ts's; here are the stream, the wait for a revision that the node does not
 * have yet, and the end. Nothing is listened to before the first watcher comes. Bound: `watchersMax` at once.
 */
import { indexZero } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { MetadataQuorum } from '../quorum/metadata-quorum.ts';
import {
  watchMetadataReplyCodec,
  watchMetadataRequestCodec,
  type WatchMetadataRequest,
} from '../wire/metadata-messages.ts';
import type { ApiProblem } from './api-problem.ts';
import type { MetadataDoor } from './metadata-door.ts';
import { MetadataHistory } from './metadata-history.ts';
import { MetadataWatch } from './metadata-watch.ts';
import { serverStreamMethod, type StreamedCall, type StreamedWork } from './server-stream-method.ts';

export const watchersMax = 256;
/** A watcher that missed more is told everything anew. */
const rememberedChangesMax = 1000;

export class MetadataWatches {
  readonly #metadata: MetadataDoor;
  readonly #watchers = new Set<Watcher>();
  #history: MetadataHistory | undefined;
  #isClosed = false;

  constructor(metadata: MetadataDoor) {
    this.#metadata = metadata;
  }

  readonly method = serverStreamMethod(watchMetadataRequestCodec, (call) => {
    const watcher = new Watcher(call, () => this.#watchers.delete(watcher));
    this.#begin(watcher).catch(call.onBug);
    return watcher;
  });

  /** The node stops: watchers are to go elsewhere. */
  close(): void {
    this.#isClosed = true;
    for (const { call } of this.#watchers) call.refuse(stopping);
  }

  async #begin(watcher: Watcher): Promise<void> {
    const { call } = watcher;
    const { fromRevision } = call.request;
    // Whoever has seen more than this node has waits for it, so that nobody is ever told less than it knew.
    const image = await this.#metadata.read({ ...call.context, metadataRevision: fromRevision }, 'local');
    if (!image.ok) return call.refuse(image.problem);
    const quorum = this.#metadata.find();
    if (!quorum.ok) return call.refuse(quorum.problem);
    const room = this.#roomForOne();
    if (!room.ok) return call.refuse(room.problem);
    if (!call.isOpen) return undefined;
    const history = (this.#history ??= this.#listen(quorum.value));
    this.#watchers.add(watcher);
    watcher.begin(
      quorum.value,
      new MetadataWatch(fromRevision === indexZero ? undefined : history.since(fromRevision)),
    );
    return undefined;
  }

  #roomForOne(): Result<void, ApiProblem> {
    if (this.#isClosed) return refused(stopping);
    return this.#watchers.size < watchersMax ? ok(undefined) : refused(tooManyWatchers);
  }

  #listen(quorum: MetadataQuorum): MetadataHistory {
    const history = new MetadataHistory(quorum.image.revision, rememberedChangesMax);
    quorum.onChange((delta) => {
      const touched = history.add(delta);
      for (const watcher of this.#watchers) {
        if (touched === undefined) watcher.watch?.restart();
        else watcher.watch?.touch(touched);
        watcher.onRoom();
      }
    });
    return history;
  }
}

class Watcher implements StreamedWork {
  readonly call: StreamedCall<WatchMetadataRequest>;
  readonly onEnd: () => void;
  watch: MetadataWatch | undefined;
  #quorum: MetadataQuorum | undefined;

  constructor(call: StreamedCall<WatchMetadataRequest>, onEnd: () => void) {
    this.call = call;
    this.onEnd = onEnd;
  }

  begin(quorum: MetadataQuorum, watch: MetadataWatch): void {
    this.#quorum = quorum;
    this.watch = watch;
    this.onRoom();
  }

  onRoom(): void {
    while (this.#quorum !== undefined && this.call.mayReply) {
      const message = this.watch?.nextMessage(this.#quorum.image);
      if (message === undefined) return;
      this.call.reply(watchMetadataReplyCodec.encode(message));
    }
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
