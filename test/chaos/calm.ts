/**
 * `make chaos KIND=calm`: nobody dies. Voters at full write load are paused for 250 ms, less than the shortest election
 * timeout, again and again; the term must stay as it is, or healthy clusters would elect for nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../src/ports/random.ts';
import { auditAfterRestart, describeAudit } from './final-audit.ts';
import { onFreshQuorum, type LocalQuorum } from './local-quorum.ts';
import { PacedWrites } from './paced-writes.ts';
import { PatientWriter } from './patient-writer.ts';
import { Timeline } from './timeline.ts';

const pauseMs = 250;
/** A pause that the machine made longer than that says nothing about 250 ms. */
const pauseMsMax = 290;
const pauseEveryMs = 2500;
const reportEveryMs = 30_000;
const inFlightMax = 64;

export interface CalmOptions {
  readonly random: Random;
  readonly durationMs: number;
  readonly say: (line: string) => void;
}

/** What went wrong; empty when nobody asked for votes in vain. */
export function runCalm(options: CalmOptions): Promise<readonly string[]> {
  return onFreshQuorum(options.say, (quorum) => calmOn(quorum, options));
}

async function calmOn(quorum: LocalQuorum, { random, durationMs, say }: CalmOptions): Promise<readonly string[]> {
  const timeline = new Timeline(say);
  const problems: string[] = [];
  const writer = new PatientWriter(await quorum.clusterId(), () => quorum.members.map(({ calls }) => calls));
  const writes = new PacedWrites({ writer, everyMs: 0, inFlightMax });
  const [before] = await quorum.untilLed();
  let term = before?.term ?? 0;
  timeline.say(`voter ${before?.leaderId} leads term ${term}`);
  let nextReportMs = timeline.nowMs + reportEveryMs;
  let pauses = 0;
  let longerPauses = 0;
  while (timeline.nowMs < durationMs) {
    const lastedMs = await pauseOne(quorum, random);
    pauses += 1;
    if (lastedMs > pauseMsMax) longerPauses += 1;
    await delay(pauseEveryMs - pauseMs);
    const [now] = await quorum.untilLed();
    if (now !== undefined && now.term !== term) {
      const problem = `an election: term ${term} -> ${now.term}, voter ${now.leaderId} leads; the last pause lasted ${lastedMs.toFixed(0)} ms`;
      timeline.say(problem);
      problems.push(problem);
      term = now.term;
    }
    if (timeline.nowMs < nextReportMs) continue;
    nextReportMs += reportEveryMs;
    timeline.say(`${writes.answeredCount} writes, ${pauses} pauses, term ${term}`);
  }
  await writes.stop();
  const perSecond = writes.answeredCount / (timeline.nowMs / 1000);
  const audit = await auditAfterRestart({ quorum, writer, ledger: writes.ledger });
  problems.push(...audit.problems);
  say('');
  say(
    `${writes.answeredCount} writes, ${perSecond.toFixed(0)} a second; the slowest took ${writes.longestMs.toFixed(0)} ms`,
  );
  say(`${pauses} pauses of ${pauseMs} ms, ${longerPauses} of which the machine made longer than ${pauseMsMax} ms`);
  for (const line of describeAudit(audit)) say(line);
  say(timeline.describeMachine());
  return problems;
}

/** How long it really was. */
async function pauseOne(quorum: LocalQuorum, random: Random): Promise<number> {
  const victim = quorum.members[random.integerBelow(quorum.members.length)];
  if (victim === undefined) throw new Error('a quorum has members');
  const fromMs = performance.now();
  victim.process.pause();
  await delay(pauseMs);
  victim.process.resume();
  return performance.now() - fromMs;
}
