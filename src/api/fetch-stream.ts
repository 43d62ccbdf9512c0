/**
 * LogService/FetchStream: batches of many partitions, sent as they become readable and as the caller has room.
 *
 * A partition first waits until there is something, which holds nothing and costs nothing; then it stands in line, and
 * is read when the caller has room and it is its turn. So neither a slow caller nor a thousand partitions keep more than
 * `readsMax` reads in memory, and no partition starves another. A problem is told once, with the leader where that is
 * known, and ends the subscription: whoever reads decides where to go on.
 */
import type { BrokerId } from '../base/ids.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { statusOk } from '../base/status.ts';
import type { FetchEnd, PartitionDoor, Pending } from '../broker/partition-door.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { StreamHandlers } from '../ports/stream.ts';
import { partitionsPerCallMax } from '../wire/log-parts.ts';
import { fetchStreamCallCodec, fetchStreamReplyCodec } from '../wire/produce-fetch-messages.ts';
import type {
  FetchStreamCall,
  FetchedReply,
  PartProblem,
  PartReply,
  PlaceAsked,
} from '../wire/produce-fetch-values.ts';
import { statusOfProblem, type ApiProblem } from './api-problem.ts';
import type { OpenStream } from './open-streams.ts';
import {
  batchesBytesMax,
  doorAt,
  fetchedReply,
  isDoor,
  partitionBytesDefault,
  type LogServiceParts,
} from './partition-calls.ts';
import { problemOfEnd } from './partition-problem.ts';
import type { AdmittedCall, Method, ServiceHost } from './service-table.ts';
import { undecodable } from './unary-method.ts';

export const subscriptionsMax = partitionsPerCallMax;
/** Under way, or done and waiting for room. */
export const readsMax = 4;

export function fetchStream(parts: LogServiceParts): Method {
  return (call, host) => {
    const stream = new FetchStream(parts, call, host);
    parts.streams.add(stream);
    return stream;
  };
}

type Asked = FetchStreamCall['subscribe'][number];

interface Subscription {
  readonly asked: Asked;
  readonly place: PlaceAsked;
  from: Asked['from'];
  /** For something to read. */
  waits: Pending<FetchEnd> | undefined;
  isOver: boolean;
}

interface Found {
  readonly door: PartitionDoor;
  readonly brokerId: BrokerId;
  readonly image: MetadataImage;
}

class FetchStream implements StreamHandlers, OpenStream {
  readonly #parts: LogServiceParts;
  readonly #call: AdmittedCall;
  readonly #host: ServiceHost;
  readonly #subscriptions = new Map<string, Subscription>();
  /** There is something to read of them; whoever came first is next. */
  readonly #line = new Set<Subscription>();
  #replies: { readonly of: Subscription; readonly result: PartReply<FetchedReply> }[] = [];
  #reading = 0;
  #hasEnded = false;
  #isClosed = false;

  constructor(parts: LogServiceParts, call: AdmittedCall, host: ServiceHost) {
    this.#parts = parts;
    this.#call = call;
    this.#host = host;
  }

  onMessage(ownedMessage: Uint8Array): void {
    if (this.#isClosed) return;
    const { context, stream } = this.#call;
    stream.release(ownedMessage.length);
    const call = fetchStreamCallCodec.decode(ownedMessage);
    if (!call.ok) return this.refuse(undecodable(context.method, call.problem));
    for (const place of call.value.unsubscribe) this.#end(this.#subscriptions.get(nameOf(place)));
    for (const asked of call.value.subscribe) this.#subscribe(asked);
    this.#pump();
  }

  onCredit(): void {
    this.#pump();
  }

  /** No change follows: what there is now is still sent. */
  onEnd(): void {
    this.#hasEnded = true;
    for (const subscription of this.#subscriptions.values()) {
      const { waits } = subscription;
      if (waits === undefined) continue;
      subscription.waits = undefined;
      waits.cancel();
      this.#line.add(subscription);
    }
    this.#pump();
  }

  onClose(): void {
    this.#close();
    this.#parts.streams.delete(this);
  }

  refuse(problem: ApiProblem): void {
    if (this.#isClosed) return;
    this.#close();
    this.#call.stream.close(statusOfProblem(problem));
  }

  #close(): void {
    this.#isClosed = true;
    for (const subscription of this.#subscriptions.values()) this.#forget(subscription);
    this.#replies = [];
  }

  #subscribe(asked: Asked): void {
    if (this.#isClosed) return;
    const place = { topicId: asked.topicId, partition: asked.partition };
    this.#end(this.#subscriptions.get(nameOf(place)));
    // What was refused and not read yet counts as well: it would pile up for whoever never reads.
    if (this.#subscriptions.size + this.#replies.length >= subscriptionsMax) return this.refuse(tooManySubscriptions);
    const subscription: Subscription = { asked, place, from: asked.from, waits: undefined, isOver: false };
    this.#subscriptions.set(nameOf(place), subscription);
    this.#wait(subscription);
  }

  #end(subscription: Subscription | undefined): void {
    if (subscription === undefined) return;
    this.#forget(subscription);
    this.#replies = this.#replies.filter(({ of }) => of !== subscription);
  }

  #forget(subscription: Subscription): void {
    subscription.isOver = true;
    subscription.waits?.cancel();
    this.#line.delete(subscription);
    this.#subscriptions.delete(nameOf(subscription.place));
  }

  /** Reads nothing: ends when there is something to read, or a reason why there will not be. */
  #wait(subscription: Subscription): void {
    const found = this.#find(subscription.place);
    if (!found.ok) return this.#tell(subscription, found.problem);
    const { door } = found.value;
    const waits = door.fetch({ ...askedOf(subscription), bytesMax: 0, deadlineMs: Number.POSITIVE_INFINITY });
    subscription.waits = waits;
    waits.end
      .then((end) => {
        if (subscription.waits !== waits || subscription.isOver) return;
        subscription.waits = undefined;
        if (end.type === 'read') this.#line.add(subscription);
        else this.#tell(subscription, this.#problemOf(subscription.place, found.value, end));
        this.#pump();
      })
      .catch(this.#host.onBug);
  }

  #read(subscription: Subscription): void {
    const found = this.#find(subscription.place);
    if (!found.ok) return this.#tell(subscription, found.problem);
    const { door } = found.value;
    const bytesMax = Math.min(subscription.asked.bytesMax ?? partitionBytesDefault, batchesBytesMax(this.#parts));
    this.#reading += 1;
    door
      .fetch({ ...askedOf(subscription), bytesMax, deadlineMs: 0 })
      .end.then((end) => {
        this.#reading -= 1;
        if (subscription.isOver) return this.#pump();
        if (end.type === 'read') this.#onRead(subscription, found.value, end);
        else this.#tell(subscription, this.#problemOf(subscription.place, found.value, end));
        this.#pump();
      })
      .catch(this.#host.onBug);
  }

  #onRead(subscription: Subscription, found: Found, end: Extract<FetchEnd, { type: 'read' }>): void {
    const { place, asked } = subscription;
    const rack = asked.mayFollow ? this.#call.context.rack : undefined;
    if (end.ownedBytes.length > 0)
      this.#replies.push({ of: subscription, result: fetchedReply({ ...found, rack }, place, end) });
    subscription.from = end.next;
    if (end.next < (end.watermark ?? end.next)) this.#line.add(subscription);
    else if (this.#hasEnded) this.#forget(subscription);
    else this.#wait(subscription);
  }

  #find(place: PlaceAsked): Result<Found, PartProblem> {
    const host = this.#parts.find();
    if (!host.ok) return refused(host.problem);
    const door = doorAt(host.value, place);
    return isDoor(door) ? ok({ door, image: host.value.image, brokerId: host.value.brokerId }) : refused(door);
  }

  /** By the metadata of now, as long as the node tells it: what waited may have waited for long. */
  #problemOf(place: PlaceAsked, { image }: Found, end: Exclude<FetchEnd, { type: 'read' }>): PartProblem {
    const host = this.#parts.find();
    return problemOfEnd({ image: host.ok ? host.value.image : image, place }, end);
  }

  #tell(subscription: Subscription, problem: PartProblem): void {
    const { place } = subscription;
    this.#end(subscription);
    this.#replies.push({ of: subscription, result: { ...place, problem } });
  }

  #pump(): void {
    const { stream } = this.#call;
    while (!this.#isClosed && stream.creditBytes > 0) {
      const reply = this.#replies.shift();
      if (reply !== undefined) {
        const { of, result } = reply;
        stream.send([fetchStreamReplyCodec.encode({ subscription: of.asked.subscription, result })]);
        continue;
      }
      const [next] = this.#line;
      if (next === undefined || this.#reading >= readsMax) break;
      this.#line.delete(next);
      this.#read(next);
    }
    const isDone = this.#hasEnded && this.#subscriptions.size === 0 && this.#replies.length === 0;
    if (this.#isClosed || !isDone) return;
    this.#isClosed = true;
    stream.close(statusOk);
  }
}

function askedOf({ asked: { mayFollow, leaderEpoch }, from }: Subscription) {
  return { from, mayFollow, leaderEpoch, bytesMin: 1 };
}

function nameOf({ topicId, partition }: PlaceAsked): string {
  return `${topicId}-${partition}`;
}

const tooManySubscriptions: ApiProblem = {
  error: 'limit-reached',
  message: `a stream reads ${subscriptionsMax} partitions at most (subscriptionsMax); open another one for the rest`,
  metadata: { limit: 'subscriptionsMax', value: String(subscriptionsMax) },
};
