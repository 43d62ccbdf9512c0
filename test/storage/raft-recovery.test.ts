/** The table of raft-recovery.ts, row by row. */
import { expect, test } from 'vitest';
import { directoryId } from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import { decideNewestSlot, decideRecovery } from '../../src/storage/raft-recovery.ts';
import { decodeSlot, encodeSlot, type SlotContent, type SlotReading } from '../../src/storage/raft-sentinel.ts';
import { decodeState, encodeState, factsOfNewStore, type EncodedState } from '../../src/storage/raft-state-record.ts';
import { encodeEntryRecord } from '../../src/storage/raft-entry-record.ts';
import { term } from '../../src/base/raft-position.ts';

const ours = directoryId('ab'.repeat(16));
const theirs = directoryId('cd'.repeat(16));

/** States 0 to 5 of one history, and a state 3 of another. */
const history: EncodedState[] = [];
for (let sequence = 0, previousCrc = 0; sequence < 6; sequence += 1) {
  const state = encodeState({ ...factsOfNewStore, sequence, previousCrc, directoryId: ours });
  history.push(state);
  previousCrc = state.crc;
}
const otherThree = encodeState({ ...factsOfNewStore, sequence: 3, previousCrc: 99, directoryId: ours });

function stateAt(sequence: number): EncodedState {
  const state = history[sequence];
  if (state === undefined) throw new Error('the history is shorter');
  return state;
}

function slotAt(sequence: number): SlotContent {
  return { state: stateAt(sequence), redo: [] };
}

function whole(content: SlotContent): SlotReading {
  return { type: 'whole', content };
}

const unreadable: SlotReading = { type: 'unreadable', why: 'test' };
const missing: SlotReading = { type: 'missing' };

test('two witnesses that agree are believed', () => {
  expect(decideRecovery(slotAt(3), stateAt(3))).toEqual({ ok: true, value: { type: 'agree', state: stateAt(3) } });
});

test('a batch that only the sentinel has is redone from it', () => {
  const verdict = { type: 'redo', state: stateAt(3), redo: [] };
  expect(decideRecovery(slotAt(3), stateAt(2))).toEqual({ ok: true, value: verdict });
});

test('a batch that only the store has is kept', () => {
  const verdict = { type: 'write-slot', state: stateAt(4) };
  expect(decideRecovery(slotAt(3), stateAt(4))).toEqual({ ok: true, value: verdict });
});

test('a store that lost a batch too large for the sentinel is damaged', () => {
  const verdict = decideRecovery({ state: stateAt(3), redo: undefined }, stateAt(2));
  expect(verdict).toMatchObject({ ok: false, problem: { type: 'damaged', what: 'the store lost its last batch' } });
});

test('a store that lost more than one batch is damaged', () => {
  const verdict = decideRecovery(slotAt(4), stateAt(2));
  expect(verdict).toMatchObject({ ok: false, problem: { what: 'the store lost its last batches' } });
});

test('a sentinel that is older than the store by more than one batch is damaged', () => {
  const verdict = decideRecovery(slotAt(2), stateAt(4));
  expect(verdict).toMatchObject({ ok: false, problem: { what: 'the sentinel is older than the store' } });
});

test('the same sequence in two histories is damage, and so is a neighbour that was built on another state', () => {
  const facts = { ok: false, problem: { type: 'damaged' } };
  expect(decideRecovery(slotAt(3), otherThree)).toMatchObject(facts);
  expect(decideRecovery(slotAt(2), otherThree)).toMatchObject(facts);
  expect(decideRecovery(slotAt(4), otherThree)).toMatchObject(facts);
});

test('every refusal says what to do', () => {
  const verdict = decideRecovery(slotAt(4), stateAt(2));
  expect(verdict.ok ? '' : verdict.problem.remedy).toContain('add the voter again with an empty directory');
});

test('the newer of two whole slots speaks, and one alone speaks for itself', () => {
  expect(decideNewestSlot([whole(slotAt(2)), whole(slotAt(3))], ours)).toEqual({ ok: true, value: slotAt(3) });
  expect(decideNewestSlot([whole(slotAt(4)), whole(slotAt(3))], ours)).toEqual({ ok: true, value: slotAt(4) });
  expect(decideNewestSlot([whole(slotAt(2)), unreadable], ours)).toEqual({ ok: true, value: slotAt(2) });
  expect(decideNewestSlot([missing, whole(slotAt(3))], ours)).toEqual({ ok: true, value: slotAt(3) });
});

test('no slot, slots that are no neighbours and slots of another directory are damage', () => {
  const damaged = { ok: false, problem: { type: 'damaged' } };
  expect(decideNewestSlot([unreadable, missing], ours)).toMatchObject(damaged);
  expect(decideNewestSlot([whole(slotAt(2)), whole(slotAt(5))], ours)).toMatchObject(damaged);
  expect(decideNewestSlot([whole(slotAt(2)), whole({ state: otherThree, redo: [] })], ours)).toMatchObject(damaged);
  expect(decideNewestSlot([whole(slotAt(2)), whole(slotAt(3))], theirs)).toMatchObject(damaged);
});

test('a slot and a state read back as they were written, and with any bit flipped they do not', () => {
  const record = encodeEntryRecord({ index: logIndex(1), term: term(1), payload: Uint8Array.of(7, 8), chain: 5 });
  const slot = encodeSlot({ state: stateAt(3), redo: [{ index: logIndex(1), record }] });
  expect(decodeSlot(slot)).toEqual({ ok: true, value: { state: stateAt(3), redo: [{ index: 1, record }] } });
  for (const bytes of [slot, stateAt(3).bytes]) {
    const decode = bytes === slot ? decodeSlot : decodeState;
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Uint8Array.from(bytes, (byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(decode(flipped).ok, `bit ${bit}`).toBe(false);
    }
  }
});

test('a slot of zeros, or cut short anywhere, is no slot', () => {
  const slot = encodeSlot(slotAt(3));
  expect(decodeSlot(new Uint8Array(65_536)).ok).toBe(false);
  for (let length = 0; length < slot.length; length += 1) expect(decodeSlot(slot.slice(0, length)).ok).toBe(false);
});
