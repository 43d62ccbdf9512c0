/**
 * What odradek.v1.LogService is asked and answers, as values. produce-fetch-messages.ts reads and writes them.
 */
import type { ErrorName } from '../base/error-codes.ts';
import type { BrokerId, TopicId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';

export interface PlaceAsked {
  readonly topicId: TopicId;
  readonly partition: number;
}

export interface LedPlace extends PlaceAsked {
  /** Undefined: whoever leads. */
  readonly leaderEpoch: LeaderEpoch | undefined;
}

export type AcksName = 'all' | 'leader' | 'none';

export interface ProduceCall {
  readonly acks: AcksName;
  /** Undefined: as long as the call has. */
  readonly timeoutMs: number | undefined;
  readonly partitions: readonly (LedPlace & { readonly ownedBatch: Uint8Array })[];
}

export interface HintReply {
  readonly brokerId: BrokerId | undefined;
  readonly leaderEpoch: LeaderEpoch | undefined;
  readonly endpoint: string;
}

/** What a part of a call was refused with. */
export interface PartProblem {
  readonly error: ErrorName;
  readonly message: string;
  readonly leader?: HintReply | undefined;
}

export type PartReply<Value> = PlaceAsked &
  (({ readonly problem: PartProblem } & Partial<Value>) | ({ readonly problem: undefined } & Value));

export interface ProducedReply {
  readonly baseOffset: Offset | undefined;
  readonly logStart: Offset;
}

export interface FetchCall {
  readonly maxWaitMs: number;
  readonly bytesMin: number;
  readonly bytesMax: number | undefined;
  readonly mayFollow: boolean;
  readonly partitions: readonly (LedPlace & { readonly from: Offset; readonly bytesMax: number | undefined })[];
}

export interface FetchedReply {
  readonly ownedBatches: Uint8Array;
  readonly next: Offset;
  readonly watermark: Offset | undefined;
  readonly lastStable: Offset | undefined;
  readonly logStart: Offset;
  readonly leaderEpoch: LeaderEpoch;
  /** Who else can answer, and stands nearer to whoever asks. */
  readonly nearest: NearReply | undefined;
}

export interface NearReply {
  readonly brokerId: BrokerId;
  readonly endpoint: string;
}

export type OffsetAskedFor =
  | { readonly type: 'earliest' }
  | { readonly type: 'latest' }
  | { readonly type: 'at-time'; readonly timestampMs: number };

export interface ListOffsetsCall {
  readonly partitions: readonly (LedPlace & { readonly wanted: OffsetAskedFor })[];
}

export interface OffsetReply {
  readonly offset: Offset | undefined;
  readonly timestampMs: number | undefined;
  readonly leaderEpoch: LeaderEpoch;
}

export interface EpochEndCall {
  readonly partitions: readonly (LedPlace & { readonly epoch: LeaderEpoch })[];
}

export interface EpochEndReply {
  readonly epoch: LeaderEpoch | undefined;
  readonly end: Offset | undefined;
}

export interface DeleteRecordsCall {
  readonly timeoutMs: number | undefined;
  readonly partitions: readonly (PlaceAsked & { readonly before: Offset | undefined })[];
}

export interface DeletedReply {
  readonly logStart: Offset;
}

export interface ProducerReply {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** One request of many on a stream, or its answer. */
export type Numbered<Value> = Value & { readonly number: number };

export interface FetchStreamCall {
  readonly subscribe: readonly (FetchCall['partitions'][number] & {
    /** The caller's; comes back with what is read for it. */
    readonly subscription: number;
    readonly mayFollow: boolean;
  })[];
  readonly unsubscribe: readonly PlaceAsked[];
}

export interface SubscribedReply {
  readonly subscription: number;
  readonly result: PartReply<FetchedReply>;
}
