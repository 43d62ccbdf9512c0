/**
 * Judges, at the start, what the two witnesses of the raft store say: the state record in the key-value store and
 * the newer whole slot of the sentinel. Pure, so that the table is one function and every row a test.
 *
 *   state in the store, against the slot's | meaning                                     | verdict
 *   ---------------------------------------+---------------------------------------------+------------------
 *   the same                               | the usual                                   | agree
 *   one older                              | the slot's batch did not reach the store, or| redo it from the
 *                                          | the store lost it                           | slot
 *   one newer, and built on the slot's     | the batch did not reach its slot, or the    | write the slot
 *                                          | slot is damaged                             |
 *   anything else, or unreadable           | one of the two lost more than one batch     | damaged
 *
 * Why an acknowledged batch cannot vanish unnoticed: it was synced in both places. One damaged place leaves the
 * other, which has it whole. What is not noticed is a disk that takes *both* places back to the same older batch,
 * for instance a copy of the whole directory put back: from the inside that is a state that once was true.
 */
import type { DirectoryId } from '../base/ids.ts';
import { ok, type Result } from '../base/result.ts';
import { refusedAsDamaged, type RaftDamage } from './raft-damage.ts';
import type { PlacedRecord } from './raft-keys.ts';
import type { SlotContent, SlotReading, SlotReadings } from './raft-sentinel.ts';
import type { EncodedState } from './raft-state-record.ts';

export type RecoveryVerdict =
  | { readonly type: 'agree'; readonly state: EncodedState }
  | { readonly type: 'redo'; readonly state: EncodedState; readonly redo: readonly PlacedRecord[] }
  | { readonly type: 'write-slot'; readonly state: EncodedState };

/** The newer of the whole slots, before the store below is even opened: opening it may already change files. */
export function decideNewestSlot(slots: SlotReadings, directory: DirectoryId): Result<SlotContent, RaftDamage> {
  const [first, second] = slots.map(contentOf);
  const newest = newerOf(first, second);
  if (newest === undefined)
    return refusedAsDamaged('neither slot of the sentinel can be read', { slots: slots.map(describeSlot) });
  const { directoryId, sequence } = newest.state.state;
  if (directoryId !== directory)
    return refusedAsDamaged('the sentinel was written in another directory', { directoryId, wanted: directory });
  const older = newest === first ? second : first;
  // Batches take turns in the slots, so two whole ones hold neighbours. Anything else is an old copy put back.
  if (older !== undefined && newest.state.state.previousCrc !== older.state.crc)
    return refusedAsDamaged('the slots of the sentinel do not follow on each other', { sequence });
  return ok(newest);
}

export function decideRecovery(slot: SlotContent, stored: EncodedState): Result<RecoveryVerdict, RaftDamage> {
  const written = slot.state;
  const facts = { storedSequence: stored.state.sequence, sentinelSequence: written.state.sequence };
  const ahead = stored.state.sequence - written.state.sequence;
  if (ahead === 0 && stored.crc === written.crc) return ok({ type: 'agree', state: stored });
  if (ahead === 1 && stored.state.previousCrc === written.crc) return ok({ type: 'write-slot', state: stored });
  if (ahead === -1 && written.state.previousCrc === stored.crc) {
    // A slot without its records is written only after the store has synced them.
    if (slot.redo === undefined) return refusedAsDamaged('the store lost its last batch', facts);
    return ok({ type: 'redo', state: written, redo: slot.redo });
  }
  if (ahead < 0) return refusedAsDamaged('the store lost its last batches', facts);
  if (ahead > 0) return refusedAsDamaged('the sentinel is older than the store', facts);
  return refusedAsDamaged('the store and its sentinel tell different histories', facts);
}

function contentOf(slot: SlotReading): SlotContent | undefined {
  return slot.type === 'whole' ? slot.content : undefined;
}

function newerOf(first: SlotContent | undefined, second: SlotContent | undefined): SlotContent | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return first.state.state.sequence >= second.state.state.sequence ? first : second;
}

function describeSlot(slot: SlotReading): string {
  return slot.type === 'unreadable' ? slot.why : slot.type;
}
