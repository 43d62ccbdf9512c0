import { expect, test } from 'vitest';
import { FaultError } from '../../src/base/fault-error.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import type { MetadataDelta } from '../../src/metadata/metadata-delta.ts';
import type { MetadataRecord } from '../../src/metadata/metadata-record.ts';
import { MetadataStateMachine } from '../../src/quorum/metadata-state-machine.ts';
import { metadataBatchCodec } from '../../src/wire/metadata-log-codec.ts';
import { metadataQuorumCodecs } from '../../src/wire/metadata-quorum-codecs.ts';
import { active, created, partitionOn, placed, registered, topicOf } from '../metadata/metadata-fixture.ts';

function machineWith(...batches: readonly (readonly MetadataRecord[])[]): MetadataStateMachine {
  const machine = new MetadataStateMachine(metadataQuorumCodecs.log);
  apply(machine, ...batches);
  return machine;
}

function apply(
  machine: MetadataStateMachine,
  ...batches: readonly (readonly MetadataRecord[])[]
): readonly Uint8Array[] {
  const { revision, batchCount } = machine.image;
  const commands = batches.map((records, at) => ({
    index: logIndex(revision + 1 + at),
    term: term(1),
    bytes: metadataBatchCodec.encode({ number: batchCount + 1 + at, request: undefined, records }),
  }));
  return machine.apply(commands, logIndex(revision + commands.length));
}

const oneTopic = [registered(1), active(1), created(1, 'a'), placed(1, partitionOn(1))];

test('M9: a snapshot that takes the place of an image deletes nothing', () => {
  const machine = machineWith(oneTopic);
  const deltas: MetadataDelta[] = [];
  machine.onChange((delta) => deltas.push(delta));
  machine.restore(machineWith([], []).snapshot());
  expect(machine.image.topics.size).toBe(0);
  expect(deltas).toMatchObject([{ isWhole: true }]);
  expect([...(deltas[0]?.topicsDeleted ?? [])]).toEqual([]);
});

test('a run of entries is one change, whatever else was in the log', () => {
  const machine = machineWith(oneTopic);
  const deltas: MetadataDelta[] = [];
  const forget = machine.onChange((delta) => deltas.push(delta));
  apply(machine, [created(2, 'b'), placed(2, partitionOn(1))], [{ type: 'topic-deleted', topicId: topicOf(1) }]);
  machine.apply([], logIndex(9));
  expect(deltas.map(({ after }) => after.revision)).toEqual([3, 9]);
  expect([...(deltas[0]?.topicsCreated ?? [])]).toEqual([topicOf(2)]);
  expect([...(deltas[0]?.topicsDeleted ?? [])]).toEqual([topicOf(1)]);
  forget();
  apply(machine, []);
  expect(deltas).toHaveLength(2);
});

test('whoever proposed a batch is told whether it counts', () => {
  const machine = machineWith([]);
  const late = {
    index: logIndex(2),
    term: term(1),
    bytes: metadataBatchCodec.encode({ number: 9, request: undefined, records: [] }),
  };
  const [isVoid] = machine.apply([late], logIndex(2));
  const [counts] = apply(machine, []);
  expect([isVoid, counts]).toEqual([Uint8Array.of(0), Uint8Array.of(1)]);
});

test('an entry or a snapshot that this release cannot read ends the node, with a hint', () => {
  const machine = machineWith([]);
  const command = { index: logIndex(2), term: term(1), bytes: Uint8Array.of(7, 7, 7) };
  expect(() => machine.apply([command], logIndex(2))).toThrow(FaultError);
  expect(() => {
    machine.restore(Uint8Array.of(7, 7, 7));
  }).toThrow('a newer release');
});
