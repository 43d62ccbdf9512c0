/**
 * Changes of the voter set as an operator asks for them, through any voter, again after refusals that say so.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '../../src/base/assert.ts';
import type { QuorumReply } from '../../src/wire/quorum-messages.ts';
import type { LocalQuorum, QuorumMember } from './local-quorum.ts';

const changeMsMax = 30_000;
const retryMs = 100;

/** Resolves once every voter but `member` lists it. */
export async function addVoter(quorum: LocalQuorum, member: QuorumMember, through: QuorumMember): Promise<void> {
  const { voterId, api, peer } = member.process.addresses;
  const { directoryId } = member.process;
  assert(directoryId !== undefined, 'a node that found its cluster has a directory', { voterId });
  await untilChanged(() =>
    through.calls.addVoter({ voterId, directoryId, peerEndpoint: peer, apiEndpoint: api }, changeMsMax),
  );
  await untilListed(quorum, (voters) => voters.includes(voterId));
}

/** Resolves once every remaining voter has it in its list no longer. */
export async function removeVoter(quorum: LocalQuorum, member: QuorumMember, through: QuorumMember): Promise<void> {
  const { voterId } = member.process;
  const { directoryId } = member.process;
  assert(directoryId !== undefined, 'a voter has a directory', { voterId });
  await untilChanged(() => through.calls.removeVoter({ voterId, directoryId }, changeMsMax));
  await member.process.kill();
  await untilListed(quorum, (voters) => !voters.includes(voterId));
}

type Change = () => ReturnType<QuorumMember['calls']['addVoter']>;

async function untilChanged(change: Change): Promise<void> {
  const untilMs = performance.now() + changeMsMax;
  for (;;) {
    const outcome = await change();
    // A change whose answer was lost is done already when it is asked for again.
    if (outcome.ok || outcome.problem.name === 'already-exists' || outcome.problem.name === 'not-found') return;
    if (performance.now() > untilMs) throw new Error(`the voters cannot be changed: ${outcome.problem.message}`);
    await delay(retryMs);
  }
}

async function untilListed(quorum: LocalQuorum, isRight: (voters: readonly number[]) => boolean): Promise<void> {
  await quorum.until('all voters know the change', async () => {
    const running = quorum.members.filter(({ process: each }) => each.isUp);
    const replies = await Promise.all(running.map(({ process: each }) => quorum.look(each.voterId)));
    return replies.every((reply) => reply !== undefined && isRight(votersOf(reply))) ? true : undefined;
  });
}

export function votersOf({ voters }: QuorumReply): readonly number[] {
  return voters.map(({ voterId }) => voterId);
}
