/**
 * What the replicas of two brokers say to each other, as odradek.internal.v1.ReplicateRequest.
 *
 * Progress and pushes are written by hand, a push without a copy of its batches. Everything is read by the generated code, which
 * copies no bytes either, so that both hold each other to the proto file. What the batches of a push are is not looked at here.
 */
import { assertUnreachable } from '../base/assert.ts';
import { topicIdFromOutside } from '../base/ids.ts';
import type { PartitionMessage, PushMessage } from '../partition/partition-message.ts';
import type { ControlMessage, PartitionNumber, ReplicaFrame, Saying } from '../partition/replica-frame.ts';
import type { ReplicaHello } from '../partition/replica-hello.ts';
import type { OwnedParts } from '../ports/stream.ts';
import { decodeMessage } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import { peerBatchesCodecs } from './peer-batches-codec.ts';
import { replicaHelloFromWire, replicaHelloToWire, statusOfReplicaHelloProblem } from './replica-hello-codec.ts';
import { attachToWire, divergedToWire, resetToWire, partitionSayingFromWire } from './partition-saying.ts';
import { ReverseWriter } from './reverse-writer.ts';
import { uniqueIdFromBytes, uniqueIdToBytes } from './unique-id-bytes.ts';

const wire = odradek.internal.v1;
/** Fields as the proto file numbers them. */
const frameField = { numbers: 3, sayings: 4 } as const;
const sayingField = {
  number: 1,
  leaderEpoch: 2,
  brokerEpoch: 3,
  session: 4,
  attach: 5,
  diverged: 6,
  reset: 7,
  progress: 8,
  push: 9,
} as const;

export const replicaFrameCodec = {
  encodeHello: (hello: ReplicaHello): OwnedParts => [
    wire.ReplicateRequest.encode({ hello: replicaHelloToWire(hello) }).finish(),
  ],

  encodeControl(numbers: readonly PartitionNumber[], sayings: readonly Saying<ControlMessage>[]): OwnedParts {
    const writer = new ReverseWriter();
    for (const saying of sayings.toReversed()) writeSaying(writer, saying);
    writeNumbers(writer, numbers);
    return [writer.finishOwned()];
  },

  encodePush(numbers: readonly PartitionNumber[], saying: Saying<PushMessage>): OwnedParts {
    const batches = saying.message.batches.map(({ ownedBytes }) => ownedBytes);
    const writer = new ReverseWriter(batches.reduce((total, { length }) => total + length, 0));
    writeSaying(writer, saying);
    writeNumbers(writer, numbers);
    return [writer.finishOwned(), ...batches];
  },

  encodeQuestion: (): OwnedParts => [wire.ReplicateRequest.encode({ asksForSign: true }).finish()],

  encodeLoss: (): OwnedParts => [wire.ReplicateRequest.encode({ hasLost: true }).finish()],

  encodeGoodbye: (): OwnedParts => [wire.ReplicateRequest.encode({ isGoodbye: true }).finish()],

  encodeSign: (): OwnedParts => [wire.ReplicateResponse.encode({}).finish()],

  decode: (ownedBytes: Uint8Array) => decodeMessage(wire.ReplicateRequest, ownedBytes, frameFromWire),

  statusOfHelloProblem: statusOfReplicaHelloProblem,

  ...peerBatchesCodecs,
} as const;

function frameFromWire(message: odradek.internal.v1.ReplicateRequest.$Properties): ReplicaFrame {
  if (message.hello) return { type: 'hello', hello: replicaHelloFromWire(message.hello) };
  return {
    type: 'sayings',
    asksForSign: message.asksForSign ?? false,
    isGoodbye: message.isGoodbye ?? false,
    hasLost: message.hasLost ?? false,
    numbers: (message.numbers ?? []).map(partitionNumberFromWire),
    sayings: (message.sayings ?? []).map((saying) => ({
      number: saying.number ?? 0,
      message: partitionSayingFromWire(saying),
    })),
  };
}

function partitionNumberFromWire(named: odradek.internal.v1.PartitionNumber.$Properties): PartitionNumber {
  const topicId = uniqueIdFromBytes('topic_id', named.topicId, topicIdFromOutside);
  return { number: named.number ?? 0, key: { topicId, partition: named.partition ?? 0 } };
}

function writeNumbers(writer: ReverseWriter, numbers: readonly PartitionNumber[]): void {
  for (const { number, key } of numbers.toReversed()) {
    const lengthBefore = writer.length;
    writer.number(3, key.partition);
    writer.bytes(2, uniqueIdToBytes(key.topicId));
    writer.number(1, number);
    writer.close(frameField.numbers, lengthBefore);
  }
}

function writeSaying(writer: ReverseWriter, { number, message }: Saying<PartitionMessage>): void {
  // What follows the writer's bytes is the end of a push, and so of this saying.
  const lengthBefore = message.type === 'push' ? 0 : writer.length;
  writeBody(writer, message);
  writer.number(sayingField.session, message.session);
  writer.number(sayingField.brokerEpoch, message.brokerEpoch);
  writer.number(sayingField.leaderEpoch, message.leaderEpoch);
  writer.number(sayingField.number, number);
  writer.close(frameField.sayings, lengthBefore);
}

function writeBody(writer: ReverseWriter, message: PartitionMessage): void {
  const lengthBefore = writer.length;
  switch (message.type) {
    case 'push':
      if (lengthBefore > 0) writer.close(6, 0);
      writeNumbersDown(writer, [message.from, message.next, message.watermark, message.startWanted, message.start]);
      return writer.close(sayingField.push, 0);
    case 'progress':
      writeNumbersDown(writer, [message.next, message.durable, message.watermark, message.start, message.grantedBytes]);
      return writer.close(sayingField.progress, lengthBefore);
    case 'attach':
      return writer.bytes(sayingField.attach, wire.ReplicaAttach.encode(attachToWire(message)).finish());
    case 'diverged':
      return writer.bytes(sayingField.diverged, wire.ReplicaDiverged.encode(divergedToWire(message)).finish());
    case 'reset':
      return writer.bytes(sayingField.reset, wire.ReplicaReset.encode(resetToWire(message)).finish());
    default:
      return assertUnreachable(message);
  }
}

/** The fields from 1 on. */
function writeNumbersDown(writer: ReverseWriter, values: readonly number[]): void {
  for (let field = values.length; field >= 1; field -= 1) writer.number(field, values[field - 1] ?? 0);
}
