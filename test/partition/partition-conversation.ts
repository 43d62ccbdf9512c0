/**
 * A conversation of replicas, written down so that a reader can follow it: one line per event that a replica was given,
 * and below it, indented, what the replica made of it. Ticks and wakes that cause nothing are left out.
 */
import type { AssignedBatch } from '../../src/partition/partition-batch.ts';
import type { PartitionEffect } from '../../src/partition/partition-effect.ts';
import type { PartitionEvent } from '../../src/partition/partition-event.ts';
import type { PartitionMessage } from '../../src/partition/partition-message.ts';
import { textOf } from './test-batches.ts';
import type { TestReplica } from './test-replica.ts';

export class PartitionConversation {
  readonly #lines: string[] = [];

  /** Give it to the cluster as its observer. */
  readonly observe = (replica: TestReplica, event: PartitionEvent, effects: readonly PartitionEffect[]): void => {
    const told = effects.filter(({ type }) => type !== 'wake');
    if ((event.type === 'tick' || event.type === 'pushed') && told.length === 0) return;
    this.#lines.push(`${replica.brokerId} ${describeEvent(event)}`);
    for (const effect of told) this.#lines.push(`      ${describeEffect(effect)}`);
  };

  /** What the scenario does to the cluster, from outside. */
  say(text: string): void {
    this.#lines.push('', `# ${text}`);
  }

  /** Leaves out what was said so far. */
  skip(): void {
    this.#lines.length = 0;
  }

  toString(): string {
    return `${this.#lines.join('\n').trim()}\n`;
  }
}

function describeEvent(event: PartitionEvent): string {
  switch (event.type) {
    case 'tick':
      return 'time passes';
    case 'message':
      return `<- ${event.from} ${describeMessage(event.message)}`;
    case 'metadata': {
      const { leader, leaderEpoch, inSync, partitionEpoch } = event.metadata;
      return `hears: leader ${leader ?? 'nobody'} e${leaderEpoch}, in sync ${inSync.join('+')} p${partitionEpoch}`;
    }
    case 'produce':
      return `is asked to append ${textOf(event.batch.ownedBytes)}, acks ${event.acks}`;
    case 'fetch':
      return `is asked for ${event.from}..`;
    case 'log-moved':
      return `log: written ${event.written}, durable ${event.durable}`;
    case 'log-cut':
      return `log: cut, generation ${event.generation}`;
    case 'pushed':
      return `handed over up to ${event.next}`;
    case 'in-sync-answered':
      return `hears about its proposal: ${event.outcome}`;
    default:
      return event.type;
  }
}

function describeEffect(effect: PartitionEffect): string {
  switch (effect.type) {
    case 'append':
      return `append ${describeBatches(effect.batches)}`;
    case 'cut':
      return `cut the log to ${effect.end}`;
    case 'send':
      return `-> ${effect.to} ${describeMessage(effect.message)}`;
    case 'push':
      return `read ${effect.from}..${effect.upTo} for ${effect.to}`;
    case 'propose-in-sync': {
      const { partitionEpoch, members } = effect.proposal;
      return `propose in sync ${members.map(({ brokerId }) => brokerId).join('+')} at p${partitionEpoch}`;
    }
    case 'produce-done':
      return `answer: appended at ${effect.baseOffset}`;
    case 'produce-refused':
      return `answer: refused, ${effect.problem.type}`;
    case 'produce-outcome-unknown':
      return `answer: outcome unknown, ${effect.why}`;
    case 'fetch-ready':
      return `answer: ${effect.from}..${effect.upTo}, watermark ${effect.watermark ?? 'not known yet'}`;
    case 'became-leader':
      return `! leads in e${effect.leaderEpoch} from ${effect.logEnd} on`;
    case 'became-follower':
      return `! follows ${effect.leader} in e${effect.leaderEpoch}`;
    case 'leadership-established':
      return `! e${effect.leaderEpoch} is established, watermark ${effect.watermark}`;
    default:
      return effect.type;
  }
}

function describeMessage(message: PartitionMessage): string {
  const head = `${message.type} e${message.leaderEpoch} s${message.session}`;
  switch (message.type) {
    case 'attach':
      return `${head}: my log ends at ${message.logEnd}, in epoch ${message.lastEpoch ?? 'none'}`;
    case 'diverged':
      return `${head}: epoch ${message.epoch} ends at ${message.end} here`;
    case 'reset':
      return `${head}: begin at ${message.start}`;
    case 'push':
      return `${head}: at ${message.from} ${describeBatches(message.batches)}; watermark ${message.watermark}`;
    case 'progress':
      return `${head}: next ${message.next}, durable ${message.durable}, knows watermark ${message.watermark}`;
  }
}

function describeBatches(batches: readonly AssignedBatch[]): string {
  if (batches.length === 0) return 'nothing';
  return batches
    .map(({ baseOffset, leaderEpoch, ownedBytes }) => `${baseOffset}/e${leaderEpoch} ${textOf(ownedBytes)}`)
    .join(', ');
}
