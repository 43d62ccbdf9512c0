import { expect, test } from 'vitest';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { FaultError } from '../../src/base/fault-error.ts';
import { brokerId, clusterId, directoryId, incarnationId } from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import { BrokerMember } from '../../src/broker/broker-member.ts';
import type { BrokerQuorum, ControllerReply } from '../../src/broker/broker-quorum.ts';
import type { BrokerHeartbeat } from '../../src/metadata/controller-event.ts';
import type { RegisterBroker } from '../../src/metadata/metadata-command.ts';
import { emptyImage, type BrokerState, type MetadataImage } from '../../src/metadata/metadata-image.ts';
import { HandClock, NotedEvents } from '../api/memory-call.ts';

const registration: Omit<RegisterBroker, 'type'> = {
  brokerId: brokerId(1),
  clusterId: clusterId('c'.repeat(32)),
  incarnation: incarnationId('a'.repeat(32)),
  directories: [directoryId('d'.repeat(32))],
  rack: 'r1',
  endpoints: { api: '127.0.0.1:7091', peer: '127.0.0.1:7191' },
  features: [],
};

/** A quorum that does what it is asked as soon as the test says so, and shows it in its image. */
class ScriptedQuorum implements BrokerQuorum {
  image: MetadataImage = emptyImage;
  readonly asked: string[] = [];
  readonly heartbeats: BrokerHeartbeat[] = [];
  reply: ControllerReply = { type: 'not-served' };
  readonly #listeners = new Set<Parameters<BrokerQuorum['onChange']>[0]>();

  onChange(listener: Parameters<BrokerQuorum['onChange']>[0]): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  request({ requestId, command }: Parameters<BrokerQuorum['request']>[0]): Promise<ControllerReply> {
    this.asked.push(`${command.type} ${requestId.slice(33)}`);
    return Promise.resolve(this.reply);
  }

  heartbeat(heartbeat: BrokerHeartbeat): Promise<void> {
    this.heartbeats.push(heartbeat);
    return Promise.resolve();
  }

  show(revision: number, state?: BrokerState, incarnation = registration.incarnation): void {
    const { clusterId: _, ...facts } = registration;
    const epoch = brokerEpoch(incarnation === registration.incarnation ? 5 : revision);
    const broker = { ...facts, incarnation, brokerEpoch: epoch, replicaCount: 0, leaderCount: 0 };
    const draft = this.image.brokers.edit();
    if (state !== undefined) draft.set(registration.brokerId, { ...broker, state });
    const before = this.image;
    this.image = { ...before, revision: logIndex(revision), brokers: draft.finish() };
    const nothing = { isWhole: true, brokers: new Set<never>(), topicsCreated: new Set<never>() };
    const rest = { topicsDeleted: new Set<never>(), partitions: new Map<never, never>(), configs: new Set<never>() };
    const delta = { before, after: this.image, ...nothing, ...rest, features: new Set<never>() };
    for (const listener of this.#listeners) listener(delta);
  }
}

function started(): {
  readonly clock: HandClock;
  readonly quorum: ScriptedQuorum;
  readonly member: BrokerMember;
  readonly faults: unknown[];
  readonly events: NotedEvents;
  readonly pass: (ms: number) => Promise<void>;
} {
  const clock = new HandClock();
  const quorum = new ScriptedQuorum();
  const events = new NotedEvents();
  const faults: unknown[] = [];
  const timing = { heartbeatMs: 250, retryMs: 200, handoverMsMax: 3_000 };
  const onFatal = (fault: unknown): void => void faults.push(fault);
  const member = new BrokerMember({
    clock,
    eventLog: events,
    quorum,
    registration,
    timing,
    onRegistered: () => {},
    onFatal,
  });
  member.start();
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(50);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  };
  return { clock, quorum, member, faults, events, pass };
}

test('a broker asks until it is registered, and then lives by heartbeats', async () => {
  const { quorum, member, events, pass } = started();
  await pass(500);
  expect(quorum.asked).toEqual([]);
  quorum.show(1);
  await pass(600);
  expect(new Set(quorum.asked)).toEqual(new Set(['register-broker register']));
  expect(quorum.asked.length).toBeGreaterThan(1);
  quorum.show(5, 'fenced');
  quorum.show(7, 'active');
  await pass(1_000);
  expect([member.epoch, member.state]).toEqual([5, 'active']);
  expect(quorum.heartbeats.length).toBeGreaterThanOrEqual(4);
  expect(quorum.heartbeats.at(-1)).toEqual({ brokerId: 1, brokerEpoch: 5, revision: 7, isLeaving: false });
  expect(events.events.map(({ sentence }) => sentence)).toEqual([
    'registered with the cluster',
    'active: may lead partitions',
  ]);
});

test('a broker that leaves hands over and says goodbye, and nothing of it stays', async () => {
  const { clock, quorum, member, pass } = started();
  quorum.show(5, 'fenced');
  quorum.show(7, 'active');
  await pass(250);
  const answer = { type: 'broker-shutting-down', brokerId: registration.brokerId, leadershipsKept: 0 } as const;
  quorum.reply = { type: 'done', answer, revision: logIndex(9) };
  const left = member.leave();
  await pass(250);
  expect(quorum.asked.at(-1)).toBe('shut-down-broker hand-over');
  quorum.show(9, 'shutting-down');
  await pass(500);
  await left;
  expect(quorum.heartbeats.at(-1)).toMatchObject({ isLeaving: true, revision: 9 });
  expect([clock.waitingCount, quorum.listenerCount]).toEqual([0, 0]);
});

test('a broker whose number another process has taken ends with a fault that says so', async () => {
  const { clock, quorum, faults, member, pass } = started();
  quorum.show(5, 'active');
  quorum.show(8, 'fenced', incarnationId('b'.repeat(32)));
  await pass(500);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toBeInstanceOf(FaultError);
  expect(String(faults[0])).toContain('another process has registered as broker 1');
  await member.leave();
  expect([member.epoch, clock.waitingCount, quorum.listenerCount]).toEqual([undefined, 0, 0]);
});
