/** How the wishes of many replicas reach the controller, and what they are answered. */
import { expect, test } from 'vitest';
import { brokerEpoch, partitionEpoch } from '../../src/base/epochs.ts';
import { brokerId } from '../../src/base/ids.ts';
import { leaderEpoch } from '../../src/base/offsets.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import type { ControllerReply } from '../../src/broker/broker-quorum.ts';
import { QuorumPartitionController } from '../../src/broker/quorum-partition-controller.ts';
import type { MetadataRequest } from '../../src/metadata/metadata-command.ts';
import { topicOf } from '../metadata/metadata-fixture.ts';

const revision = logIndex(9);
const keyOf = (partition: number) => ({ topicId: topicOf(1), partition });
const proposal = {
  leaderEpoch: leaderEpoch(3),
  partitionEpoch: partitionEpoch(4),
  members: [{ brokerId: brokerId(1), brokerEpoch: brokerEpoch(7) }],
  recovery: 'recovered',
} as const;

class Asked {
  readonly requests: MetadataRequest[] = [];
  readonly timers: (() => void)[] = [];
  readonly controller: QuorumPartitionController;
  #ids = 0;

  constructor(replyTo: (request: MetadataRequest) => ControllerReply) {
    this.controller = new QuorumPartitionController({
      brokerId: brokerId(1),
      brokerEpoch: brokerEpoch(7),
      quorum: {
        request: (request) => {
          this.requests.push(request);
          return Promise.resolve(replyTo(request));
        },
      },
      clock: {
        callSoon: (action) => void setImmediate(action),
        callAfterMs: (_delayMs, action) => {
          this.timers.push(action);
          return { cancel() {} };
        },
      },
      requestId: () => String((this.#ids += 1)),
    });
  }

  propose(count: number): Promise<readonly string[]> {
    const all = Array.from({ length: count }, (_, at) => this.controller.proposeInSync({ key: keyOf(at), proposal }));
    return Promise.all(all);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));

test('what is proposed in one turn goes in as few commands as its bound allows, each answered for itself', async () => {
  const asked = new Asked(({ command }) => {
    const outcomes =
      command.type === 'change-in-sync' ? command.changes.map(({ partition }) => outcomeAt(partition)) : [];
    return { type: 'done', answer: { type: 'in-sync-changed', outcomes }, revision };
  });
  expect(await asked.propose(3)).toEqual(['accepted', 'refused', 'unknown']);
  expect(asked.requests).toHaveLength(1);
  expect(await asked.propose(1001)).toHaveLength(1001);
  expect(asked.requests.map(({ requestId }) => requestId)).toEqual(['1', '2', '3']);
});

function outcomeAt(partition: number): 'accepted' | 'refused' | 'stale' {
  return (['accepted', 'refused', 'stale'] as const)[partition % 3] ?? 'stale';
}

test('a command that had no effect refuses all, and one whose outcome is unknown says so of all', async () => {
  for (const [reply, word] of [
    [{ type: 'not-served' }, 'refused'],
    [{ type: 'refused', problem: { type: 'broker-not-found', brokerId: brokerId(1) }, revision }, 'refused'],
    [{ type: 'outcome-unknown' }, 'unknown'],
  ] as const)
    expect(await new Asked(() => reply).propose(2)).toEqual([word, word]);
});

test('who steps aside says so again and again, until the controller has heard it', async () => {
  let attempts = 0;
  const asked = new Asked(() => {
    attempts += 1;
    if (attempts < 3) return { type: 'not-served' };
    return { type: 'done', answer: { type: 'stepped-aside', brokerId: brokerId(1) }, revision };
  });
  for (const partition of [0, 1])
    asked.controller.stepAside({ key: keyOf(partition), leaderEpoch: leaderEpoch(3), reason: 'lost-records' });
  for (let at = 0; at < 6; at += 1) {
    await turn();
    asked.timers.shift()?.();
  }
  expect(attempts).toBe(3);
  const [first] = asked.requests;
  expect(first?.command).toMatchObject({
    type: 'step-aside',
    partitions: [
      { partition: 0, leaderEpoch: 3, hasLost: true, isBack: false },
      { partition: 1, leaderEpoch: 3, hasLost: true, isBack: false },
    ],
  });
});

test('that a replica is back is told after that it was aside, one after the other, and never given up', async () => {
  let attempts = 0;
  const asked = new Asked(() => {
    attempts += 1;
    if (attempts < 300) return { type: 'not-served' };
    return { type: 'done', answer: { type: 'stepped-aside', brokerId: brokerId(1) }, revision };
  });
  const key = keyOf(0);
  asked.controller.stepAside({ key, leaderEpoch: leaderEpoch(3), reason: 'log-failed' });
  asked.controller.stepAside({ key, leaderEpoch: leaderEpoch(3), reason: 'repaired' });
  for (let at = 0; at < 310; at += 1) {
    await turn();
    expect(asked.timers.length).toBeLessThanOrEqual(1);
    asked.timers.shift()?.();
  }
  const said = asked.requests.slice(-2).map(({ command }) => command);
  expect(said).toMatchObject([
    { type: 'step-aside', partitions: [{ isBack: false }] },
    { type: 'step-aside', partitions: [{ isBack: true }] },
  ]);
  expect(asked.requests).toHaveLength(301);
});

test('a broker that stops leaves nobody waiting', async () => {
  const asked = new Asked(() => ({ type: 'outcome-unknown' }));
  const waiting = asked.propose(2);
  asked.controller.stop();
  expect(await waiting).toEqual(['unknown', 'unknown']);
});
