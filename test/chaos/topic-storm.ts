/**
 * `make chaos KIND=topics`: clients create, change and delete the same few topics at once while random voters are killed
 * or paused. In the end all voters start from disk, their logs are folded again, and every answer is judged by that.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { InvariantError } from '../../src/base/assert.ts';
import type { Entry } from '../../src/raft/raft-entry.ts';
import { FoldedLog } from '../quorum/folded-log.ts';
import { describeTimes, oneFault, writableMsMax, type StormOptions } from './fault-storm.ts';
import { onFreshQuorum, type LocalQuorum } from './local-quorum.ts';
import { StubBrokers } from './stub-brokers.ts';
import { Timeline } from './timeline.ts';
import { TopicClients } from './topic-clients.ts';

const brokerCount = 3;
const clientCount = 8;
const readMsMax = 60_000;

/** What went wrong; empty when all promises were kept. */
export function runTopicStorm(options: StormOptions): Promise<readonly string[]> {
  return onFreshQuorum(options.say, (quorum) => stormOn(quorum, options));
}

async function stormOn(quorum: LocalQuorum, options: StormOptions): Promise<readonly string[]> {
  const { random, durationMs, faults, say } = options;
  const timeline = new Timeline(say);
  const problems: string[] = [];
  const brokers = await StubBrokers.start(quorum, brokerCount);
  const voters = () => quorum.members.map(({ calls }) => calls);
  const clients = new TopicClients({ random, clients: clientCount, voters });
  const writableMs: number[] = [];
  for (let fault = 1; fault <= faults; fault += 1) {
    await delay(Math.max(0, (durationMs * (fault - 0.5)) / faults - timeline.nowMs));
    const tookMs = await oneFault({ fault, quorum, untilWritable: () => clients.untilWritable(), random, timeline });
    writableMs.push(tookMs);
    if (tookMs >= writableMsMax)
      problems.push(`no command got through for ${tookMs.toFixed(0)} ms after fault ${fault}`);
  }
  await delay(Math.max(0, durationMs - timeline.nowMs));
  await clients.stop();
  brokers.stop();
  const lastedMs = timeline.nowMs;
  timeline.say('all faults are over; kill -9 of all voters, and start from disk');
  const logs = await logsAfterRestart(quorum);
  const folded = new FoldedLog();
  problems.push(...foldAll(folded, logs), ...clients.findProblems(folded));
  writableMs.sort((left, right) => left - right);
  say('');
  say(
    `${clients.decidedCount} commands decided in ${(lastedMs / 1000).toFixed(1)} s, ${clients.retried} of them after a retry`,
  );
  say(`${faults} faults; writable again after ${describeTimes(writableMs)}`);
  say(`${logs.length} logs of ${folded.lastIndex} entries folded; ${folded.voids} batches in them count for nothing`);
  say(timeline.describeMachine());
  return problems;
}

async function logsAfterRestart(quorum: LocalQuorum): Promise<readonly (readonly Entry[])[]> {
  await Promise.all(quorum.members.map(({ process: each }) => each.kill()));
  for (const { process: each } of quorum.members) each.start();
  await quorum.untilEqual(1);
  return Promise.all(
    quorum.members.map(async ({ calls }) => {
      const entries = await calls.records(readMsMax);
      if (entries.ok) return entries.value;
      throw new Error(`voter ${calls.addresses.voterId} does not give its log: ${entries.problem.message}`);
    }),
  );
}

/** R5 and M1: the logs are one log, and its fold keeps every invariant after every entry. */
function foldAll(folded: FoldedLog, logs: readonly (readonly Entry[])[]): readonly string[] {
  const [longest = []] = [...logs].sort((left, right) => right.length - left.length);
  try {
    for (const { payload } of longest) folded.append(payload.type === 'command' ? payload.bytes : undefined);
  } catch (broken) {
    if (!(broken instanceof InvariantError)) throw broken;
    return [`${broken.message} at entry ${folded.lastIndex}: ${JSON.stringify(broken.facts)}`];
  }
  const textOf = (entries: readonly Entry[]): string =>
    entries
      .map(
        ({ index, payload }) =>
          `${index} ${payload.type === 'command' ? Buffer.from(payload.bytes).toString('hex') : payload.type}`,
      )
      .join('\n');
  const isOne = logs.every((log) => log[0]?.index === 1 && textOf(longest.slice(0, log.length)) === textOf(log));
  return isOne ? [] : ['R5: the voters do not have one log from its first entry on'];
}
