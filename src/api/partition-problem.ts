/**
 * Why a part of a call to LogService is refused, in words: what was wrong, where, what to do next.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { FetchEnd, DeleteEnd, NotHere, ProduceEnd } from '../broker/partition-door.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { BatchRefusal } from '../record/produced-batch.ts';
import type { HintReply, PartProblem, PlaceAsked } from '../wire/produce-fetch-values.ts';

export interface ProblemPlace {
  readonly image: MetadataImage;
  readonly place: PlaceAsked;
}

type ProduceProblem = Extract<ProduceEnd, { type: 'refused' }>['problem'];
type FetchProblem = Extract<FetchEnd, { type: 'refused' }>['problem'];
type DeleteProblem = Extract<DeleteEnd, { type: 'refused' }>['problem'];
type NotLeader = Extract<FetchProblem, { type: 'not-leader' }>;
type UnknownOutcome = Extract<ProduceEnd, { type: 'outcome-unknown' }>['why'];
type AnyProblem = ProduceProblem | FetchProblem | DeleteProblem;

export function problemOfPartition({ image, place }: ProblemPlace, problem: AnyProblem): PartProblem {
  switch (problem.type) {
    case 'not-leader':
      return notLeader({ image, place }, problem);
    case 'fenced-leader-epoch':
      return {
        error: 'fenced-leader-epoch',
        message: `the leader epoch is over, ${problem.leaderEpoch} is in force; refresh the metadata`,
      };
    case 'unknown-leader-epoch':
      return {
        error: 'unknown-leader-epoch',
        message: `this broker knows of leader epoch ${problem.leaderEpoch} only; retry in a moment`,
      };
    case 'recovering':
      return {
        error: 'leader-not-available',
        message: 'the leader does not know yet what was committed before it; retry in a moment',
      };
    case 'limit-reached':
      return {
        error: 'limit-reached',
        message: `the limit ${problem.limit} of the partition is reached; retry in a moment`,
      };
    case 'offset-out-of-range':
      return {
        error: 'offset-out-of-range',
        message: `the partition has offsets from ${problem.start} to ${problem.watermark}; read from one of them`,
      };
    case 'not-on-this-replica':
      return {
        error: 'offset-not-here',
        message: `this replica begins at ${problem.localStart}; ask the leader, or another replica`,
      };
    default:
      return problemOfProduce(problem);
  }
}

type OnlyProduce = Exclude<ProduceProblem, FetchProblem>;

function problemOfProduce(problem: OnlyProduce): PartProblem {
  switch (problem.type) {
    case 'not-enough-in-sync':
      return {
        error: 'not-enough-replicas',
        message: `${problem.inSync} of ${problem.needed} replicas are in sync; retry when brokers are back, or lower min.insync.replicas`,
      };
    case 'fenced-producer-epoch':
      return {
        error: 'fenced-producer-epoch',
        message: `a producer with epoch ${problem.producerEpoch} took over this id; this one must stop`,
      };
    case 'out-of-order-sequence':
      return {
        error: 'out-of-order-sequence',
        message: `the next batch of this producer begins with sequence ${problem.expected}; one before it was lost, or sent twice`,
      };
    case 'unknown-producer':
      return {
        error: 'unknown-producer',
        message: 'the partition knows nothing of this producer, so it has to begin at sequence 0 with a new id',
      };
    case 'duplicate-sequence':
      return { error: 'duplicate-sequence', message: 'this batch was written before; its offset is forgotten' };
    case 'offsets-exhausted':
      return { error: 'limit-reached', message: 'the partition has no offsets left; use another' };
    default:
      return assertUnreachable(problem);
  }
}

export function problemOfAbsence(at: ProblemPlace, absence: NotHere): PartProblem {
  const { topicId, partition } = at.place;
  switch (absence.type) {
    case 'no-such-partition':
      return { error: 'unknown-topic', message: `there is no partition ${partition} of a topic with id ${topicId}` };
    case 'not-here':
    case 'opening': {
      const found = at.image.topics.get(topicId)?.partitions[partition];
      return notLeader(at, { type: 'not-leader', leader: found?.leader, leaderEpoch: found?.leaderEpoch });
    }
    case 'disk-full':
      return {
        error: 'storage-error',
        message: 'the disk of this broker is full; ask another replica, or make room: it goes on by itself then',
      };
    default:
      return assertUnreachable(absence);
  }
}

export function problemOfOutcome(why: UnknownOutcome): PartProblem {
  return {
    error: why === 'timed-out' ? 'request-timed-out' : 'outcome-unknown',
    message: `${reasons[why]}; the batch may or may not be kept: send it again with the same producer id and sequence`,
  };
}

const reasons: Readonly<Record<UnknownOutcome, string>> = {
  'leadership-lost': 'another broker leads since',
  'timed-out': 'not enough replicas confirmed in time',
  'log-failed': 'the disk of the leader failed',
  'limit-reached': 'too much waits to be confirmed',
};

export function problemOfEnd(
  at: ProblemPlace,
  end: Exclude<ProduceEnd | DeleteEnd | FetchEnd, { type: 'done' | 'read' }>,
): PartProblem {
  switch (end.type) {
    case 'refused':
      return problemOfPartition(at, end.problem);
    case 'outcome-unknown':
      return problemOfOutcome(end.why);
    case 'damaged':
      return {
        error: 'records-damaged',
        message: `offsets ${end.from} to ${end.to} are damaged on this replica; ask another one, or skip them`,
      };
    case 'gone':
      return {
        error: 'leader-not-available',
        message: 'the partition left this broker meanwhile; refresh the metadata',
      };
    default:
      return assertUnreachable(end);
  }
}

function notLeader({ image, place }: ProblemPlace, { leader, leaderEpoch }: NotLeader): PartProblem {
  const broker = leader === undefined ? undefined : image.brokers.get(leader);
  const hint: HintReply = { brokerId: leader, leaderEpoch, endpoint: broker?.endpoints.api ?? '' };
  if (leader === undefined)
    return {
      error: 'leader-not-available',
      message: `partition ${place.partition} has no leader now; retry`,
      leader: hint,
    };
  const where = broker === undefined ? '' : ` at ${broker.endpoints.api}`;
  return { error: 'not-leader', message: `broker ${leader}${where} leads this partition; ask there`, leader: hint };
}

export function problemOfBatch(refusal: BatchRefusal): PartProblem {
  switch (refusal.type) {
    case 'batch-too-large':
      return {
        error: 'message-too-large',
        message: `a batch of ${refusal.sizeBytes} bytes is over the ${refusal.batchBytesMax} that the topic takes (max.message.bytes)`,
      };
    case 'batch-cut-short':
    case 'wrong-length':
    case 'checksum-mismatch':
      return {
        error: 'corrupt-batch',
        message: `the bytes are not one whole batch (${refusal.type}); send them again`,
      };
    case 'unknown-magic':
      return { error: 'corrupt-batch', message: `batches have magic 2, this one has ${refusal.magic}` };
    case 'unknown-codec':
      return {
        error: 'unsupported-compression',
        message: `there is no codec ${refusal.codecNumber}; use none, gzip, snappy, lz4 or zstd`,
      };
    case 'time-out-of-bounds':
      return {
        error: 'invalid-timestamp',
        message: `a record of ${refusal.maxTimestampMs} is too far from this broker's clock, which is at ${refusal.nowMs}`,
      };
    case 'wrong-times':
      return {
        error: 'invalid-timestamp',
        message: 'the first time of the batch is after its last, or no time at all',
      };
    case 'reserved-attributes':
    case 'broker-attributes':
    case 'transaction-not-allowed':
    case 'control-not-allowed':
    case 'wrong-count':
    case 'wrong-producer':
      return {
        error: 'invalid-record',
        message: `the header of the batch says what a producer may not say (${refusal.type})`,
      };
    default:
      return assertUnreachable(refusal);
  }
}
