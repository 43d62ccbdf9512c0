/**
 * `make chaos`: paced writes on three voters while random ones are killed or paused, never more than a minority.
 *
 * A fault is over when its voter is back and follows a leader; only then comes the next. After each, a write must get
 * through within `writableMsMax`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { VoterId } from '../../src/base/ids.ts';
import type { Random } from '../../src/ports/random.ts';
import { auditAfterRestart, describeAudit } from './final-audit.ts';
import { onFreshQuorum, type LocalQuorum, type QuorumMember } from './local-quorum.ts';
import { PacedWrites } from './paced-writes.ts';
import { PatientWriter } from './patient-writer.ts';
import { Timeline } from './timeline.ts';

export const writableMsMax = 2000;
const outageMsMin = 100;
const outageMsMax = 1500;
const inFlightMax = 16;

export interface StormOptions {
  readonly random: Random;
  readonly durationMs: number;
  readonly faults: number;
  readonly say: (line: string) => void;
}

interface WriteStormOptions extends StormOptions {
  readonly writesMin: number;
}

/** What went wrong; empty when all promises were kept. */
export function runFaultStorm(options: WriteStormOptions): Promise<readonly string[]> {
  return onFreshQuorum(options.say, (quorum) => stormOn(quorum, options));
}

async function stormOn(quorum: LocalQuorum, options: WriteStormOptions): Promise<readonly string[]> {
  const { random, writesMin, durationMs, faults, say } = options;
  const timeline = new Timeline(say);
  const problems: string[] = [];
  const writer = new PatientWriter(await quorum.clusterId(), () => quorum.members.map(({ calls }) => calls));
  const everyMs = Math.floor(durationMs / writesMin);
  const writes = new PacedWrites({ writer, everyMs, inFlightMax });
  const writableMs: number[] = [];
  for (let fault = 1; fault <= faults; fault += 1) {
    await delay(Math.max(0, (durationMs * (fault - 0.5)) / faults - timeline.nowMs));
    const tookMs = await oneFault({ fault, quorum, untilWritable: () => writes.untilWritable(), random, timeline });
    writableMs.push(tookMs);
    if (tookMs >= writableMsMax) problems.push(`no write got through for ${tookMs.toFixed(0)} ms after fault ${fault}`);
  }
  await delay(Math.max(0, durationMs - timeline.nowMs));
  while (writes.answeredCount < writesMin) await delay(everyMs);
  await writes.stop();
  const lastedMs = timeline.nowMs;
  timeline.say('all faults are over; kill -9 of all voters, and start from disk');
  const audit = await auditAfterRestart({ quorum, writer, ledger: writes.ledger });
  problems.push(...audit.problems);
  writableMs.sort((left, right) => left - right);
  say('');
  say(
    `${writes.answeredCount} writes answered in ${(lastedMs / 1000).toFixed(1)} s, ${writes.retried} of them after a retry`,
  );
  say(`${faults} faults; writable again after ${describeTimes(writableMs)}`);
  for (const line of describeAudit(audit)) say(line);
  say(timeline.describeMachine());
  return problems;
}

export interface OneFault {
  readonly fault: number;
  readonly quorum: LocalQuorum;
  /** Resolves with how long it took when the first write is answered that was begun after the call. */
  readonly untilWritable: () => Promise<number>;
  readonly random: Random;
  readonly timeline: Timeline;
}

/** How long until a write got through. */
export async function oneFault({ fault, quorum, untilWritable, random, timeline }: OneFault): Promise<number> {
  const [leader, term] = await leaderOf(quorum);
  const victim = quorum.members[random.integerBelow(quorum.members.length)];
  if (victim === undefined) throw new Error('a quorum has members');
  const isKill = random.integerBelow(2) === 0;
  const outageMs = outageMsMin + random.integerBelow(outageMsMax - outageMsMin);
  const { voterId } = victim.process;
  const role = voterId === leader ? 'leader' : 'follower';

  const writable = untilWritable();
  if (isKill) await victim.process.kill();
  else victim.process.pause();
  const atMs = timeline.nowMs;
  await delay(outageMs);
  if (isKill) victim.process.start();
  else victim.process.resume();
  const tookMs = await writable;
  await untilBack(quorum, victim);
  const backMs = timeline.nowMs - atMs;
  const [leaderAfter, termAfter] = await leaderOf(quorum);
  timeline.sayAt(
    atMs,
    `fault ${String(fault).padStart(2)}: ${isKill ? 'kill -9' : 'SIGSTOP'} of voter ${voterId}, ${role.padEnd(8)} ` +
      `for ${String(outageMs).padStart(4)} ms; writable after ${tookMs.toFixed(0).padStart(4)} ms, ` +
      `back after ${backMs.toFixed(0).padStart(4)} ms; leader ${leader} of term ${term}` +
      (termAfter === term ? '' : ` -> ${leaderAfter} of term ${termAfter}`),
  );
  return tookMs;
}

async function leaderOf(quorum: LocalQuorum): Promise<readonly [leader: VoterId | undefined, term: number]> {
  const [first] = await quorum.untilLed();
  return [first?.leaderId, first?.term ?? 0];
}

async function untilBack(quorum: LocalQuorum, { process: victim }: QuorumMember): Promise<void> {
  await quorum.until(`voter ${victim.voterId} is back`, async () => (await quorum.look(victim.voterId))?.leaderId);
}

export function describeTimes(sortedMs: readonly number[]): string {
  const at = (share: number): string => (sortedMs[Math.floor((sortedMs.length - 1) * share)] ?? Number.NaN).toFixed(0);
  return `${at(0)} ms at best, ${at(0.5)} ms in the middle, ${at(1)} ms at worst`;
}
