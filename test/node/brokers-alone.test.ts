/**
 * Brokers without a vote beside a quorum of three: whole nodes on simulated machines, and a caller.
 */
import { expect, test } from 'vitest';
import { getQuorumRequestCodec, quorumReplyCodec } from '../../src/wire/quorum-messages.ts';
import { testBatch } from '../partition/test-batches.ts';
import { LogCluster } from './log-cluster.ts';

/** Tries brokers in turn until one takes the record. */
async function write(log: LogCluster, brokers: readonly number[], text: string, withinMs = 30_000): Promise<number> {
  const { world } = log.whole.simulation;
  const endMs = world.nowMs + withinMs;
  while (world.nowMs < endMs) {
    for (const broker of brokers) {
      const reply = await log.tryProduce(broker, 0, testBatch(text));
      if (reply !== undefined && reply.problem === undefined) return broker;
    }
    await log.whole.run(50);
  }
  throw new Error(`nobody took ${text} within ${withinMs} ms`);
}

test('a broker joins its cluster by the address of one voter, and goes on when that one is gone', async () => {
  const log = await new LogCluster(21, [[4, 5]], { brokersAlone: 2 }).start();
  expect(await log.produce(4, 0, testBatch('a'))).toMatchObject({ problem: undefined, baseOffset: 0 });
  expect(await log.fetch(4, 0, 0)).toMatchObject({ watermark: 1, problem: undefined });
  log.whole.nodes[0]?.crash();
  await log.whole.run(5_000);
  // Brokers that know no other voter would be fenced by now.
  await write(log, [4, 5], 'b');
  log.whole.nodes[3]?.powerCut();
  expect(await write(log, [5], 'c')).toBe(5);
  log.whole.nodes[0]?.start();
  log.whole.nodes[3]?.start();
  await log.whole.run(15_000);
  expect(new Set(await log.texts(4, 0))).toEqual(new Set(['a', 'b', 'c']));
});

test('a broker alone tells of the quorum, and says who can do what only a voter can', async () => {
  const log = await new LogCluster(22, [[4]], { brokersAlone: 1 }).start();
  const { whole } = log;
  const quorum = await whole.call(4, 'QuorumService/GetQuorum', [getQuorumRequestCodec, quorumReplyCodec], undefined);
  expect(quorum.voters.map(({ apiEndpoint }) => apiEndpoint)).toEqual(['n1:7081', 'n2:7081', 'n3:7081']);
  expect(quorum.leaderId).toBeDefined();
  const refused = await whole.ask(4, 'odradek.v1.QuorumService/TransferLeadership', new Uint8Array(0));
  expect(refused.ok ? '' : refused.problem.message).toBe(
    'this node has no vote in the quorum; ask a voter: n1:7081, n2:7081, n3:7081',
  );
  for (const node of whole.nodes.slice(0, 3)) node.crash();
  await whole.run(5_000);
  const alone = await whole.call(4, 'QuorumService/GetQuorum', [getQuorumRequestCodec, quorumReplyCodec], undefined);
  expect(alone).toMatchObject({ clusterId: quorum.clusterId, leaderId: undefined });
});

test('P1: of five replicas, four may go one after another, and the last one has and takes everything', async () => {
  const ids = [4, 5, 6, 7, 8];
  const configs = { 'min.insync.replicas': '1' };
  const log = await new LogCluster(23, [ids], { brokersAlone: 5, configs }).start();
  const { nodes } = log.whole;
  const sent: string[] = [];
  const left = [...ids];
  for (const gone of [4, 5, 6, 7]) {
    sent.push(`with-${left.length}`);
    await write(log, left, sent.at(-1) ?? '');
    nodes[gone - 1]?.powerCut();
    left.shift();
  }
  sent.push('alone');
  expect(await write(log, [8], 'alone')).toBe(8);
  expect(new Set(await log.texts(8, 0))).toEqual(new Set(sent));

  for (const gone of [4, 5, 6, 7]) nodes[gone - 1]?.start();
  await log.whole.run(25_000);
  // All are in sync again, so the preferred one leads.
  sent.push('together');
  expect(await log.tryProduce(4, 0, testBatch('together'))).toMatchObject({ problem: undefined });
  expect(new Set(await log.texts(4, 0))).toEqual(new Set(sent));
});

test('P12: where a topic allows it, a replica that lacks records leads when nobody else can, and says what may be lost', async () => {
  const configs = { 'min.insync.replicas': '1', 'unclean.leader.election.enable': 'true' };
  const log = await new LogCluster(24, [[4, 5]], { brokersAlone: 2, configs }).start();
  const { nodes, simulation } = log.whole;
  const told = (): number =>
    simulation.world.reached.get(
      'said: records of a partition may be lost: its leader was elected without a complete log',
    );
  await write(log, [4], 'both');
  nodes[4]?.powerCut();
  await write(log, [4], 'one-alone');
  nodes[3]?.powerCut();
  await log.whole.run(3_000);
  nodes[4]?.start();
  expect(told()).toBe(0);
  expect(await write(log, [5], 'without')).toBe(5);
  expect(told()).toBe(1);
  expect(await log.texts(5, 0)).toEqual(['both', 'without']);

  nodes[3]?.start();
  await log.whole.run(20_000);
  expect(await log.texts(4, 0)).toEqual(['both', 'without']);
});

test('P12: elsewhere the partition waits for whoever has everything', async () => {
  const log = await new LogCluster(25, [[4, 5]], { brokersAlone: 2, configs: { 'min.insync.replicas': '1' } }).start();
  const { nodes } = log.whole;
  await write(log, [4], 'both');
  nodes[4]?.powerCut();
  await write(log, [4], 'one-alone');
  nodes[3]?.powerCut();
  await log.whole.run(3_000);
  nodes[4]?.start();
  await expect(write(log, [5], 'without', 20_000)).rejects.toThrow('nobody took without');
  nodes[3]?.start();
  await write(log, [4, 5], 'after');
  expect(new Set(await log.texts(4, 0))).toEqual(new Set(['both', 'one-alone', 'after']));
});

test('P14: acks=leader may lose what it acknowledged; acks=all does not acknowledge that', async () => {
  const log = await new LogCluster(26, [[4, 5, 6]], { brokersAlone: 3 }).start();
  const { nodes, simulation } = log.whole;
  await write(log, [4], 'all-have-it');
  // For a moment nothing reaches the followers, which is no reason to leave the in-sync set.
  for (const follower of ['n5', 'n6']) simulation.network.cut('n4', follower);
  expect(await log.produce(4, 0, testBatch('leader-alone-has-it'), 'leader')).toMatchObject({
    problem: undefined,
    baseOffset: 1,
  });
  nodes[3]?.powerCut();
  for (const follower of ['n5', 'n6']) simulation.network.heal('n4', follower);
  const leader = await write(log, [5, 6], 'after');
  expect(await log.texts(leader, 0)).toEqual(['all-have-it', 'after']);
  nodes[3]?.start();
  await log.whole.run(15_000);
  expect(await log.texts(4, 0)).toEqual(['all-have-it', 'after']);
});
