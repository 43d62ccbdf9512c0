import { expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { brokerId } from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import { callUnary } from '../../src/ports/unary.ts';
import { controlMethods } from '../../src/quorum/control-service.ts';
import type { ProcessPorts } from '../../src/simulation/simulated-process.ts';
import {
  currentRevisionReplyCodec,
  decideReplyCodec,
  decideRequestCodec,
  heartbeatReplyCodec,
  heartbeatRequestCodec,
} from '../../src/wire/control-codec.ts';
import { countOne, countReply, registerCounter } from './producer-id-counter.ts';
import { endpointOf, SimulatedQuorum } from './simulated-quorum.ts';

/** A quorum, and a machine without a vote that asks its voters over their peer ports. */
class Scene {
  readonly quorum: SimulatedQuorum;
  #ports: ProcessPorts | undefined;

  constructor(voters: number) {
    this.quorum = new SimulatedQuorum({ voters });
    this.quorum.start();
    this.quorum.simulation
      .addProcess('caller', (ports) => {
        this.#ports = ports;
      })
      .start();
  }

  async call(voter: number, method: string, request: Uint8Array): Promise<Uint8Array | string> {
    let reply: Uint8Array | string | undefined;
    this.quorum.simulation.processes.at(-1)?.run(() => {
      assert(this.#ports !== undefined, 'the caller runs');
      const channel = this.#ports.network.channel(endpointOf(this.quorum.node(voter).id));
      const options = { deadlineMs: 2000, headers: {} };
      void callUnary(channel, { method, request: [request], options }).then((outcome) => {
        reply = outcome.ok ? outcome.value : outcome.problem.name;
      });
    });
    await this.quorum.until(() => reply !== undefined);
    assert(reply !== undefined, 'the condition held');
    return reply;
  }

  async decide(voter: number, request: Parameters<typeof decideRequestCodec.encode>[0]) {
    const reply = decideReplyCodec.decode(
      await this.#bytes(voter, controlMethods.decide, decideRequestCodec.encode(request)),
    );
    assert(reply.ok && reply.value.type === 'decided', 'the command is decided', { reply });
    return reply.value;
  }

  async heartbeat(voter: number, epoch: number, revision: number): Promise<string | undefined> {
    const heartbeat = {
      brokerId: brokerId(900),
      brokerEpoch: brokerEpoch(epoch),
      revision: logIndex(revision),
      isLeaving: false,
    };
    const reply = await this.#bytes(voter, controlMethods.heartbeat, heartbeatRequestCodec.encode(heartbeat));
    const heard = heartbeatReplyCodec.decode(reply);
    return heard.ok ? heard.value.state : heard.problem.why;
  }

  async currentRevision(voter: number): Promise<number> {
    const reply = currentRevisionReplyCodec.decode(
      await this.#bytes(voter, controlMethods.currentRevision, new Uint8Array(0)),
    );
    assert(reply.ok, 'a revision is told', { reply });
    return reply.value;
  }

  async #bytes(voter: number, method: string, request: Uint8Array): Promise<Uint8Array> {
    const reply = await this.call(voter, method, request);
    assert(typeof reply !== 'string', 'the call is answered', { reply });
    return reply;
  }
}

async function ledScene(): Promise<Scene> {
  const scene = new Scene(3);
  await scene.quorum.untilLeader();
  await scene.quorum.untilAgreed();
  return scene;
}

test('a command asked of any voter is carried out once, and shown by the revision that is told', async () => {
  const scene = await ledScene();
  const clusterId = scene.quorum.node(1).voter?.describe().clusterId;
  assert(clusterId !== undefined, 'the quorum is a cluster');
  const { revision } = await scene.decide(1, registerCounter(clusterId));
  const one = countOne('one', brokerEpoch(revision));
  const first = await scene.decide(2, one);
  expect(countReply(first)).toEqual({ type: 'counted', counter: 1 });
  expect(await scene.decide(3, one)).toEqual(first);
  expect(await scene.currentRevision(1)).toBeGreaterThanOrEqual(first.revision);
  expect(scene.quorum.leader()?.machine?.image.revision).toBeGreaterThanOrEqual(first.revision);
});

test('a broker that is heard and has seen its registration takes part, until it is silent', async () => {
  const scene = await ledScene();
  const clusterId = scene.quorum.node(1).voter?.describe().clusterId;
  assert(clusterId !== undefined, 'the quorum is a cluster');
  const { revision } = await scene.decide(1, registerCounter(clusterId));
  expect(await scene.heartbeat(1, revision, revision - 1)).toBe('fenced');
  await scene.heartbeat(2, revision, revision);
  await scene.quorum.untilAgreed();
  expect(await scene.heartbeat(3, revision, revision)).toBe('active');
  expect(await scene.heartbeat(3, revision - 1, revision)).toBeUndefined();
  await scene.quorum.pass(2000);
  expect(scene.quorum.node(1).machine?.image.brokers.get(brokerId(900))?.state).toBe('fenced');
});

test('bytes that are no request are refused', async () => {
  const scene = await ledScene();
  const nonsense = Uint8Array.of(7, 7, 7);
  for (const method of [controlMethods.decide, controlMethods.heartbeat])
    expect(await scene.call(1, method, nonsense)).toBe('invalid-argument');
});
