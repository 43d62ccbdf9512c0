/**
 * What a partition core tells of itself, as lines of the log: the life of a partition in few sentences.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { PartitionEffect } from '../partition/partition-effect.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { PartitionKey } from './partition-key.ts';

export type PartitionFact = Extract<
  PartitionEffect,
  {
    type:
      | 'step-aside'
      | 'became-leader'
      | 'became-follower'
      | 'became-idle'
      | 'leadership-established'
      | 'possible-loss'
      | 'push-refused';
  }
>;

export function noteFact(eventLog: EventLog, key: PartitionKey, fact: PartitionFact): undefined {
  const { type, ...facts } = fact;
  const all = { ...key, ...facts };
  switch (type) {
    case 'became-leader':
      eventLog.emit('info', 'leads a partition', all);
      return;
    case 'became-follower':
      eventLog.emit('info', 'follows the leader of a partition', all);
      return;
    case 'became-idle':
      eventLog.emit('debug', 'takes no part in a partition', all);
      return;
    case 'leadership-established':
      eventLog.emit('debug', 'answers for what was committed before it led', all);
      return;
    case 'possible-loss':
      eventLog.emit('error', 'records of a partition may be lost: its leader was elected without a complete log', all);
      return;
    case 'push-refused':
      eventLog.emit('warn', 'a leader sent what does not come next', all);
      return;
    case 'step-aside':
      eventLog.emit('warn', 'steps aside: another replica should lead this partition', all);
      return;
    default:
      assertUnreachable(type);
  }
}
