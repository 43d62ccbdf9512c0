/**
 * Follows every consumer through the history, and says where what it got was not what came next.
 *
 * A jump over a hole in the log is as good as none; poll-anomalies.ts and loss-anomalies.ts know what is in between.
 * Where a consumer stands: behind what it polled last; where an assignment put it; at the start of a partition that is
 * new to it. After a subscription the group decides, and after a crash nobody knows, until an assignment says it.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { ConsumerStep, LogOffset, LogOperation, ObservedHistory } from './observed-history.ts';
import type { ObservedLog } from './observed-log.ts';

export interface PollJump {
  readonly log: ObservedLog;
  /**
   * `internal`: within one poll or transaction. `assigned`: between polls of a consumer that nobody else moves.
   * `group`: between polls of one that may have been moved. `commit`: from its position to what it committed.
   */
  readonly scope: 'internal' | 'assigned' | 'group' | 'commit';
  readonly process: number;
  /** What would have come next, if it exists, and what came. */
  readonly from: number;
  readonly to: number;
  /** The lines that say so; where a consumer began at the start of a partition, there is none for `from`. */
  readonly fromLine: number | undefined;
  readonly line: number;
}

interface Position {
  readonly next: number;
  readonly line: number | undefined;
}

interface Consumer {
  positions: Map<ObservedLog, Position>;
  /** Whether a partition without a position is read from its start. */
  fromStart: boolean;
  /** Whether the group may move it between polls. */
  isInGroup: boolean;
}

export function findPollJumps({ operations, steps }: ObservedHistory): readonly PollJump[] {
  const jumps: PollJump[] = [];
  for (const operation of operations) if (operation.reads.length > 0) findInternalJumps(operation, jumps);
  const consumers = new Map<number, Consumer>();
  for (const step of steps) {
    const known = consumers.get(step.process);
    const consumer = known ?? { positions: new Map(), fromStart: true, isInGroup: false };
    if (known === undefined) consumers.set(step.process, consumer);
    follow(consumer, step, jumps);
  }
  return jumps;
}

function findInternalJumps(operation: LogOperation, jumps: PollJump[]): void {
  const line = operation.completedLine ?? operation.invokedLine;
  const { process, reads } = operation;
  // One read, as most polls have, needs no memory of where the others ended.
  const ends = reads.length > 1 ? new Map<ObservedLog, number>() : undefined;
  for (const { log, offsets } of reads) {
    let from = ends?.get(log);
    for (const to of offsets) {
      if (from !== undefined && to !== from)
        jumps.push({ log, scope: 'internal', process, from, to, fromLine: line, line });
      from = to + 1;
    }
    if (from !== undefined) ends?.set(log, from);
  }
}

function follow(consumer: Consumer, step: ConsumerStep, jumps: PollJump[]): void {
  switch (step.type) {
    case 'polled':
      return followPoll(consumer, step, jumps);
    case 'assigned':
      consumer.positions = assignedPositions(consumer, step);
      consumer.isInGroup = false;
      return;
    case 'committed':
      // Where a group has moved a consumer to, nobody can say that it commits ahead.
      if (!consumer.isInGroup) followCommit(consumer, step, jumps);
      return;
    case 'subscribed':
    case 'lost-track':
      consumer.positions.clear();
      consumer.fromStart = false;
      consumer.isInGroup = true;
      return;
    case 'crashed':
      consumer.positions.clear();
      consumer.fromStart = false;
      consumer.isInGroup = false;
      return;
    default:
      return assertUnreachable(step);
  }
}

function positionIn({ positions, fromStart }: Consumer, log: ObservedLog): Position | undefined {
  return positions.get(log) ?? (fromStart ? { next: 0, line: undefined } : undefined);
}

function followPoll(
  consumer: Consumer,
  { process, line, operation }: ConsumerStep & { type: 'polled' },
  jumps: PollJump[],
): void {
  const scope = consumer.isInGroup ? 'group' : 'assigned';
  const jumped = operation.reads.length > 1 ? new Set<ObservedLog>() : undefined;
  for (const { log, offsets } of operation.reads) {
    const [to] = offsets;
    const last = offsets.at(-1);
    if (to === undefined || last === undefined) continue;
    const position = positionIn(consumer, log);
    // Jumps to later polls of the same transaction are internal to it.
    if (position !== undefined && position.next !== to && jumped?.has(log) !== true)
      jumps.push({ log, scope, process, from: position.next, to, fromLine: position.line, line });
    jumped?.add(log);
    consumer.positions.set(log, { next: last + 1, line });
  }
}

/** What is kept keeps its position; what comes from a group without an offset begins where the group knows. */
function assignedPositions(
  consumer: Consumer,
  { to, line }: { readonly to: readonly LogOffset[]; readonly line: number },
): Map<ObservedLog, Position> {
  const positions = new Map<ObservedLog, Position>();
  for (const { log, offset } of to) {
    const position = offset === undefined ? positionIn(consumer, log) : { next: offset, line };
    if (position !== undefined) positions.set(log, position);
  }
  return positions;
}

function followCommit(
  { positions }: Consumer,
  { process, line, at }: ConsumerStep & { type: 'committed' },
  jumps: PollJump[],
): void {
  for (const { log, offset: to } of at) {
    const position = positions.get(log);
    if (position === undefined || to === undefined || to <= position.next) continue;
    jumps.push({ log, scope: 'commit', process, from: position.next, to, fromLine: position.line, line });
  }
}
