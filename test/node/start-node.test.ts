/**
 * A node from start to stop on simulated machines: a caller on another machine sees every phase.
 * The voter is a stand-in whose start the test holds; quorum/ has the real one's tests.
 */
import { expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { FaultError } from '../../src/base/fault-error.ts';
import { nodeId, voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import type { Result } from '../../src/base/result.ts';
import type { Status } from '../../src/base/status.ts';
import type { NodeConfig } from '../../src/node/node-config.ts';
import { startNode, type NodePorts, type RunningNode, type NodeQuorum } from '../../src/node/start-node.ts';
import type { Channel, Network } from '../../src/ports/stream.ts';
import { callUnary } from '../../src/ports/unary.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { healthReplyCodec, healthRequestCodec } from '../../src/wire/health-messages.ts';
import { quorumReplyCodec, type QuorumReply } from '../../src/wire/quorum-messages.ts';
import { serverInfoCodec } from '../../src/wire/server-info-messages.ts';
import { detailsOf } from '../api/service-host.ts';

const quorum: QuorumReply = {
  clusterId: undefined,
  voterId: voterId(1),
  leaderId: voterId(1),
  term: term(1),
  role: 'leader',
  firstIndex: logIndex(1),
  lastIndex: logIndex(1),
  commitIndex: logIndex(1),
  committedChain: 7,
  voters: [],
};

const config: NodeConfig = {
  nodeId: nodeId(1),
  roles: ['quorum'],
  rack: undefined,
  catchUpBytesPerSecondMin: 32_000_000,
  scrubPace: { bytesPerSecond: 4_000_000, roundMs: 3_000 },
  version: '9.9.9',
  apiListen: '127.0.0.1:7081',
  peerListen: '127.0.0.1:7181',
  apiAdvertised: undefined,
  peerAdvertised: undefined,
  voters: [],
  electionTiming: { heartbeatMs: 100, electionTimeoutMsMin: 300, electionTimeoutMsMax: 600 },
  topicsOnFirstUse: false,
  messageBytesMax: 8 * 1024 * 1024,
  callsOpenMax: 16,
  stopGraceMs: 1000,
  insecureNetworkAllowed: false,
};

/** One machine that runs a node and one that calls it. */
class Scene {
  readonly simulation = new Simulation({ seed: 1 });
  readonly stops: string[] = [];
  readonly fatal: unknown[] = [];
  node: RunningNode | undefined;
  startProblem: unknown;
  voterIsUp: () => void = () => {};
  voterFails: (fault: FaultError) => void = () => {};
  describe: () => QuorumReply = () => quorum;
  #callerNetwork: Network | undefined;

  constructor() {
    this.simulation.addProcess('n1', (ports) => this.#boot(ports)).start();
    this.simulation
      .addProcess('caller', ({ network }) => {
        this.#callerNetwork = network;
      })
      .start();
  }

  #boot(ports: NodePorts): void {
    const voterStarts = new Promise<NodeQuorum>((resolve, reject) => {
      this.voterFails = reject;
      this.voterIsUp = () =>
        resolve({
          describe: () => this.describe(),
          calls: { ask: () => expect.unreachable(), records: undefined },
          metadata: undefined,
          stop: () => {
            this.stops.push('voter');
            return Promise.resolve();
          },
        });
    });
    startNode({
      ports,
      config,
      descriptorSet: () => new Uint8Array(0),
      onFatal: (fault) => this.fatal.push(fault),
      startQuorum: () => voterStarts,
    }).then(
      (node) => {
        this.node = node;
      },
      (problem: unknown) => {
        this.startProblem = problem;
      },
    );
  }

  async pass(ms: number): Promise<void> {
    await this.simulation.run({ untilMs: this.simulation.world.nowMs + ms });
    expect(this.simulation.world.problem).toBeUndefined();
  }

  channel(): Channel {
    assert(this.#callerNetwork !== undefined, 'the caller runs');
    return this.#callerNetwork.channel('n1:7081');
  }

  async call(method: string, request: Uint8Array = new Uint8Array(0)): Promise<Result<Uint8Array, Status>> {
    let outcome: Result<Uint8Array, Status> | undefined;
    void callUnary(this.channel(), {
      method,
      request: [request],
      options: { deadlineMs: 1000, headers: {} },
    }).then((answered) => {
      outcome = answered;
    });
    await this.pass(1500);
    assert(outcome !== undefined, 'a call with a deadline ends', { method });
    return outcome;
  }

  async health(): Promise<unknown> {
    const reply = await this.call('grpc.health.v1.Health/Check', healthRequestCodec.encode({ service: '' }));
    const status = healthReplyCodec.decode(reply.ok ? reply.value : Uint8Array.of(0xff));
    return status.ok ? status.value : status.problem;
  }
}

const getQuorum = 'odradek.v1.QuorumService/GetQuorum';

async function servingScene(): Promise<Scene> {
  const scene = new Scene();
  await scene.pass(10);
  scene.voterIsUp();
  await scene.pass(10);
  return scene;
}

test('a node answers who it is, and that it is starting, before its voter is up', async () => {
  const scene = new Scene();
  await scene.pass(10);
  const early = await scene.call(getQuorum);
  expect(early.ok ? undefined : detailsOf(early.problem)).toMatchObject({ reason: 'NODE_STARTING', retryAfterMs: 100 });
  expect(await scene.health()).toBe('not-serving');
  const info = await scene.call('odradek.v1.MetadataService/GetServerInfo');
  expect(serverInfoCodec.decode(info.ok ? info.value : Uint8Array.of(0xff))).toMatchObject({
    ok: true,
    value: { version: '9.9.9', nodeId: 1, roles: ['quorum'], clusterId: undefined },
  });
  expect(scene.node).toBeUndefined();
});

test('a node whose voter is up answers for the quorum and is healthy', async () => {
  const scene = await servingScene();
  const reply = await scene.call(getQuorum);
  expect(quorumReplyCodec.decode(reply.ok ? reply.value : Uint8Array.of(0xff))).toEqual({ ok: true, value: quorum });
  expect(await scene.health()).toBe('serving');
  expect(scene.node?.apiEndpoint).toBe('127.0.0.1:7081');
});

test('a stopping node tells watchers first, lets open calls end, and stops its voter last', async () => {
  const scene = await servingScene();
  const seen: string[] = [];
  const watch = scene.channel().open(
    'grpc.health.v1.Health/Watch',
    { deadlineMs: undefined, headers: {} },
    {
      onMessage: (message) => {
        const status = healthReplyCodec.decode(message);
        seen.push(status.ok ? status.value : 'unreadable');
        watch.release(message.length);
      },
      onCredit() {},
      onEnd() {},
      onClose: () => seen.push('closed'),
    },
  );
  watch.send([healthRequestCodec.encode({ service: '' })]);
  await scene.pass(100);
  let stopped = false;
  const stopping = scene.node?.stop(1000).then(() => {
    stopped = true;
  });
  await scene.pass(500);
  expect(seen).toEqual(['serving', 'not-serving']);
  expect(stopped).toBe(false);
  expect(scene.stops).toEqual([]);
  await scene.pass(1000);
  await stopping;
  expect(seen).toEqual(['serving', 'not-serving', 'closed']);
  expect(scene.stops).toEqual(['voter']);
});

test('a stopped node listens no more', async () => {
  const scene = await servingScene();
  void scene.node?.stop(0);
  await scene.pass(100);
  const late = await scene.call(getQuorum);
  expect(late.ok ? 'answered' : late.problem.name).toBe('unavailable');
});

test('a voter that cannot start fails the start of the node and frees its port', async () => {
  const scene = new Scene();
  await scene.pass(10);
  scene.voterFails(new FaultError('the data folder is locked', {}));
  await scene.pass(100);
  expect(scene.startProblem).toMatchObject({ message: 'the data folder is locked' });
  const refusedCall = await scene.call(getQuorum);
  expect(refusedCall.ok ? 'answered' : refusedCall.problem.name).toBe('unavailable');
});

test('a broken invariant behind a call ends the node, not only the call', async () => {
  const scene = await servingScene();
  scene.describe = () => {
    assert(scene.stops.length > 0, 'the test breaks this');
    return quorum;
  };
  await scene.call(getQuorum);
  expect(scene.fatal).toHaveLength(1);
});
