/**
 * Whole nodes on simulated machines: the real assembly, services, voters and stores, and a caller who knows nothing
 * but the public API. The same startNode and startVoter run in `odradek server`.
 */
import { expect, test } from 'vitest';
import { voterId } from '../../src/base/ids.ts';
import { getQuorumRequestCodec, quorumReplyCodec, type QuorumReply } from '../../src/wire/quorum-messages.ts';
import { WholeCluster } from './whole-cluster.ts';

const getQuorum = [getQuorumRequestCodec, quorumReplyCodec] as const;

/** What node `id` answers now; undefined when it does not. */
async function quorumOf(cluster: WholeCluster, id: number): Promise<QuorumReply | undefined> {
  const [requestCodec, replyCodec] = getQuorum;
  const method = 'odradek.v1.QuorumService/GetQuorum';
  const answer = await cluster.ask(id, method, requestCodec.encode(undefined), 200);
  const reply = answer.ok ? replyCodec.decode(answer.value) : answer;
  return reply.ok ? reply.value : undefined;
}

/** Runs until every node of `ids` names the same leader; fails when that takes too long. */
async function untilLed(cluster: WholeCluster, ids: readonly number[]): Promise<QuorumReply> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    await cluster.run(50);
    const replies: (QuorumReply | undefined)[] = [];
    for (const id of ids) replies.push(await quorumOf(cluster, id));
    const [first] = replies;
    const leaders = new Set(replies.map((reply) => reply?.leaderId));
    if (first?.leaderId !== undefined && leaders.size === 1) return first;
  }
  throw new Error('no leader in ten seconds');
}

test('a lone node leads at once, and goes on with its cluster after a power cut', async () => {
  const cluster = new WholeCluster(1, 1);
  const before = await untilLed(cluster, [1]);
  expect(before).toMatchObject({ voterId: 1, leaderId: 1, role: 'leader' });
  expect(before.voters[0]).toMatchObject({ apiEndpoint: 'n1:7081', peerEndpoint: 'n1:7181' });
  expect(cluster.simulation.world.nowMs).toBeLessThan(1000);

  const [node] = cluster.nodes;
  node?.powerCut();
  node?.start();
  const after = await untilLed(cluster, [1]);
  expect(after.clusterId).toBe(before.clusterId);
  expect(after.voters[0]?.directoryId).toBe(before.voters[0]?.directoryId);
  expect(after.term).toBeGreaterThan(before.term);
});

test('three nodes agree on a leader, tell where all are, and outlive that leader', async () => {
  const cluster = new WholeCluster(3, 2);
  const before = await untilLed(cluster, [1, 2, 3]);
  expect(before.voters.map(({ apiEndpoint }) => apiEndpoint)).toEqual(['n1:7081', 'n2:7081', 'n3:7081']);

  const leader = before.leaderId ?? voterId(1);
  cluster.nodes[leader - 1]?.crash();
  const survivors = [1, 2, 3].filter((id) => id !== leader);
  await cluster.run(2000);
  const after = await untilLed(cluster, survivors);
  expect(after.leaderId).not.toBe(leader);
  expect(after.clusterId).toBe(before.clusterId);
  expect(after.term).toBeGreaterThan(before.term);
});

test('nodes at the same commit index have the same chain', async () => {
  const cluster = new WholeCluster(3, 3);
  await untilLed(cluster, [1, 2, 3]);
  await cluster.run(1000);
  const replies = [await quorumOf(cluster, 1), await quorumOf(cluster, 2), await quorumOf(cluster, 3)];
  expect(new Set(replies.map((reply) => reply?.commitIndex)).size).toBe(1);
  expect(new Set(replies.map((reply) => reply?.committedChain)).size).toBe(1);
  expect(replies[0]?.commitIndex).toBeGreaterThan(0);
});
