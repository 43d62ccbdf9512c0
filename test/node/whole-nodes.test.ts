/**
 * Whole nodes on simulated machines: the real assembly, services, voters and stores, and a caller who knows nothing
 * but the public API. The same startNode and startVoter run in `odradek server`.
 */
import { expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { nodeId, voterId } from '../../src/base/ids.ts';
import type { NodeConfig } from '../../src/node/node-config.ts';
import { startNode } from '../../src/node/start-node.ts';
import { startVoter } from '../../src/node/start-voter.ts';
import type { Network } from '../../src/ports/stream.ts';
import { callUnary } from '../../src/ports/unary.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { ProcessPorts, SimulatedProcess } from '../../src/simulation/simulated-process.ts';
import { quorumReplyCodec, type QuorumReply } from '../../src/wire/quorum-messages.ts';

/** Machines n1 to nN, each with one node, and one machine that asks. */
class Cluster {
  readonly simulation: Simulation;
  readonly nodes: readonly SimulatedProcess[];
  #callerNetwork: Network | undefined;

  constructor(count: number, seed: number) {
    this.simulation = new Simulation({ seed });
    const voters = Array.from({ length: count }, (_, at) => ({
      voterId: voterId(at + 1),
      peerEndpoint: `n${at + 1}:7181`,
    }));
    this.nodes = voters.map((voter) =>
      this.simulation.addProcess(`n${voter.voterId}`, (ports) => boot(ports, configOf(voter.voterId, voters))),
    );
    this.simulation
      .addProcess('caller', ({ network }) => {
        this.#callerNetwork = network;
      })
      .start();
    for (const node of this.nodes) node.start();
  }

  /** What node `id` answers now; undefined when it does not. */
  async ask(id: number): Promise<QuorumReply | undefined> {
    assert(this.#callerNetwork !== undefined, 'the caller runs');
    let reply: QuorumReply | undefined;
    let isOver = false;
    const channel = this.#callerNetwork.channel(`n${id}:7081`);
    const method = 'odradek.v1.QuorumService/GetQuorum';
    void callUnary(channel, { method, request: [new Uint8Array(0)], options: { deadlineMs: 200, headers: {} } }).then(
      (answer) => {
        const decoded = answer.ok ? quorumReplyCodec.decode(answer.value) : answer;
        if (decoded.ok) reply = decoded.value;
        isOver = true;
        channel.close();
      },
    );
    await this.run(1000, () => isOver);
    return reply;
  }

  /** Runs until every node of `ids` names the same leader; fails when that takes too long. */
  async untilLed(ids: readonly number[]): Promise<QuorumReply> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      await this.run(50);
      const replies: (QuorumReply | undefined)[] = [];
      for (const id of ids) replies.push(await this.ask(id));
      const [first] = replies;
      const leaders = new Set(replies.map((reply) => reply?.leaderId));
      if (first?.leaderId !== undefined && leaders.size === 1) return first;
    }
    throw new Error('no leader in ten seconds');
  }

  async run(forMs: number, until?: () => boolean): Promise<void> {
    const untilMs = this.simulation.world.nowMs + forMs;
    await this.simulation.run(until === undefined ? { untilMs } : { untilMs, until });
    expect(this.simulation.world.problem).toBeUndefined();
  }
}

/** As a node of `count` configures itself. Simulated machines have names, which are no loopback. */
function configOf(id: number, voters: NodeConfig['voters']): NodeConfig {
  return {
    nodeId: nodeId(id),
    roles: ['quorum'],
    version: '0.1.0',
    apiListen: `n${id}:7081`,
    peerListen: `n${id}:7181`,
    voters: voters.length === 1 ? [] : voters,
    electionTiming: { heartbeatMs: 100, electionTimeoutMsMin: 300, electionTimeoutMsMax: 600 },
    messageBytesMax: 8 * 1024 * 1024,
    callsOpenMax: 64,
    stopGraceMs: 1000,
    insecureNetworkAllowed: true,
  };
}

async function boot(ports: ProcessPorts, config: NodeConfig): Promise<void> {
  const onFatal = (fault: unknown): never => {
    throw fault;
  };
  await startNode({
    ports,
    config,
    descriptorSet: () => new Uint8Array(0),
    onFatal,
    startVoter: (apiEndpoint) => startVoter({ ports, config, apiEndpoint, onFatal }),
  });
}

test('a lone node leads at once, and goes on with its cluster after a power cut', async () => {
  const cluster = new Cluster(1, 1);
  const before = await cluster.untilLed([1]);
  expect(before).toMatchObject({ voterId: 1, leaderId: 1, role: 'leader' });
  expect(before.voters[0]).toMatchObject({ apiEndpoint: 'n1:7081', peerEndpoint: 'n1:7181' });
  expect(cluster.simulation.world.nowMs).toBeLessThan(1000);

  const [node] = cluster.nodes;
  node?.powerCut();
  node?.start();
  const after = await cluster.untilLed([1]);
  expect(after.clusterId).toBe(before.clusterId);
  expect(after.voters[0]?.directoryId).toBe(before.voters[0]?.directoryId);
  expect(after.term).toBeGreaterThan(before.term);
});

test('three nodes agree on a leader, tell where all are, and outlive that leader', async () => {
  const cluster = new Cluster(3, 2);
  const before = await cluster.untilLed([1, 2, 3]);
  expect(before.voters.map(({ apiEndpoint }) => apiEndpoint)).toEqual(['n1:7081', 'n2:7081', 'n3:7081']);

  const leader = before.leaderId ?? voterId(1);
  cluster.nodes[leader - 1]?.crash();
  const survivors = [1, 2, 3].filter((id) => id !== leader);
  await cluster.run(2000);
  const after = await cluster.untilLed(survivors);
  expect(after.leaderId).not.toBe(leader);
  expect(after.clusterId).toBe(before.clusterId);
  expect(after.term).toBeGreaterThan(before.term);
});

test('nodes at the same commit index have the same chain', async () => {
  const cluster = new Cluster(3, 3);
  await cluster.untilLed([1, 2, 3]);
  await cluster.run(1000);
  const replies = [await cluster.ask(1), await cluster.ask(2), await cluster.ask(3)];
  expect(new Set(replies.map((reply) => reply?.commitIndex)).size).toBe(1);
  expect(new Set(replies.map((reply) => reply?.committedChain)).size).toBe(1);
  expect(replies[0]?.commitIndex).toBeGreaterThan(0);
});
