/**
 * `make chaos KIND=grow`: 3 -> 5 -> 3 voters while writes go on, so that in the end only one founder is left.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { auditAfterRestart, describeAudit } from './final-audit.ts';
import { onFreshQuorum, type LocalQuorum, type QuorumMember } from './local-quorum.ts';
import { PacedWrites } from './paced-writes.ts';
import { PatientWriter } from './patient-writer.ts';
import { Timeline } from './timeline.ts';
import { addVoter, removeVoter, votersOf } from './voter-set-calls.ts';

const writeEveryMs = 20;
const betweenChangesMs = 1000;
const inFlightMax = 16;
const stallMsMax = 2000;

/** What went wrong; empty when all promises were kept. */
export function runGrowAndShrink(say: (line: string) => void): Promise<readonly string[]> {
  return onFreshQuorum(say, (quorum) => growAndShrink(quorum, say));
}

async function growAndShrink(quorum: LocalQuorum, say: (line: string) => void): Promise<readonly string[]> {
  const timeline = new Timeline(say);
  const problems: string[] = [];
  const running = (): readonly QuorumMember[] => quorum.members.filter(({ process: each }) => each.isRunning);
  const writer = new PatientWriter(await quorum.clusterId(), () => running().map(({ calls }) => calls));
  const writes = new PacedWrites({ writer, everyMs: writeEveryMs, inFlightMax });
  const report = async (what: string): Promise<void> => {
    await delay(betweenChangesMs);
    const [reply] = await quorum.untilLed();
    if (reply === undefined) throw new Error('a quorum has voters');
    const voters = votersOf(reply).join(', ');
    const facts = `voters ${voters}; voter ${reply.leaderId} leads term ${reply.term}; ${writes.answeredCount} writes`;
    timeline.say(`${what}: ${facts}`);
  };
  await report('founded');
  for (let count = 0; count < 2; count += 1) {
    const joined = await quorum.join();
    await addVoter(quorum, joined, await follower(quorum));
    await report(`added voter ${joined.process.voterId}`);
  }
  // A follower first, then whoever leads.
  for (const leaves of [follower, leader]) {
    const leaving = await leaves(quorum);
    await removeVoter(quorum, leaving, await follower(quorum, leaving));
    await report(`removed voter ${leaving.process.voterId}`);
  }
  await writes.stop();
  if (writes.longestMs >= stallMsMax) problems.push(`a write took ${writes.longestMs.toFixed(0)} ms`);
  const audit = await auditAfterRestart({ quorum, writer, ledger: writes.ledger });
  problems.push(...audit.problems);
  const voters = audit.restarted[0] === undefined ? [] : votersOf(audit.restarted[0]);
  const left = running().map(({ process: each }) => Number(each.voterId));
  if (voters.join() !== left.join()) problems.push(`voters ${voters.join()} are listed, and ${left.join()} are left`);
  say('');
  say(
    `${writes.answeredCount} writes answered, ${writes.retried} of them after a retry; the slowest took ${writes.longestMs.toFixed(0)} ms`,
  );
  for (const line of describeAudit(audit)) say(line);
  say(timeline.describeMachine());
  return problems;
}

async function leader(quorum: LocalQuorum): Promise<QuorumMember> {
  const [reply] = await quorum.untilLed();
  if (reply?.leaderId === undefined) throw new Error('a led quorum has a leader');
  return quorum.member(reply.leaderId);
}

async function follower(quorum: LocalQuorum, except?: QuorumMember): Promise<QuorumMember> {
  const leading = await leader(quorum);
  const found = quorum.members.find((member) => member.process.isUp && member !== leading && member !== except);
  if (found === undefined) throw new Error('a quorum of several has followers');
  return found;
}
