import { beforeEach, describe, expect, test } from 'vitest';
import { brokerEpoch, type BrokerEpoch } from '../../src/base/epochs.ts';
import { brokerId, clusterId, directoryId, incarnationId } from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import { BrokerLife, type BrokerLifeEffect, type BrokerLifeEvent } from '../../src/broker/broker-life.ts';
import type { MetadataRefusal } from '../../src/metadata/metadata-command.ts';
import type { BrokerImage, BrokerState } from '../../src/metadata/metadata-image.ts';

const ours = incarnationId('a'.repeat(32));
const another = incarnationId('b'.repeat(32));

function registered(epoch: number, state: BrokerState, incarnation = ours): BrokerImage {
  return {
    brokerId: brokerId(1),
    incarnation,
    brokerEpoch: brokerEpoch(epoch),
    directories: [directoryId('d'.repeat(32))],
    rack: undefined,
    endpoints: { api: '127.0.0.1:7091', peer: '127.0.0.1:7191' },
    features: [],
    state,
    replicaCount: 0,
    leaderCount: 0,
  };
}

let life: BrokerLife;
let nowMs = 0;

beforeEach(() => {
  nowMs = 0;
  const timing = { heartbeatMs: 250, retryMs: 200, handoverMsMax: 3_000 };
  life = new BrokerLife({ brokerId: brokerId(1), incarnation: ours, ...timing, nowMs });
});

function step(event: BrokerLifeEvent): readonly BrokerLifeEffect[] {
  return life.step(event);
}

function pass(ms: number): readonly BrokerLifeEffect[] {
  nowMs += ms;
  return step({ type: 'tick', nowMs });
}

function see(revision: number, registration?: BrokerImage): readonly BrokerLifeEffect[] {
  return step({ type: 'image', revision: logIndex(revision), registration });
}

function typesOf(effects: readonly BrokerLifeEffect[]): string[] {
  return effects.map(({ type }) => type);
}

/** Registered in entry 7, active since 9, and its first heartbeat answered. */
function makeActive(): BrokerEpoch | undefined {
  see(1);
  see(7, registered(7, 'fenced'));
  step({ type: 'heartbeat-ended' });
  see(9, registered(7, 'active'));
  return life.epoch;
}

function heartbeatsIn(effects: readonly BrokerLifeEffect[]): unknown[] {
  return effects.flatMap((effect) => (effect.type === 'heartbeat' ? [effect.heartbeat] : []));
}

describe('a broker that starts', () => {
  test('asks to be registered once it has an image, one attempt at a time, under one request id', () => {
    expect(typesOf(pass(1_000))).toEqual([]);
    const first = see(1);
    expect(typesOf(first)).toEqual(['register']);
    expect(typesOf(pass(10_000))).toEqual([]);
    expect(typesOf(step({ type: 'register-ended', refusal: undefined }))).toEqual([]);
    expect(typesOf(pass(199))).toEqual([]);
    expect(pass(1)).toEqual(first);
  });

  test('is registered when the image says so, and not before', () => {
    see(1);
    step({ type: 'register-ended', refusal: undefined });
    expect(life.epoch).toBeUndefined();
    const effects = see(7, registered(7, 'fenced'));
    expect(typesOf(effects)).toEqual(['registered', 'heartbeat']);
    expect(heartbeatsIn(effects)).toEqual([{ brokerId: 1, brokerEpoch: 7, revision: 7, isLeaving: false }]);
    expect([life.epoch, life.state]).toEqual([7, 'fenced']);
  });

  test('takes the registration of a former life for somebody else', () => {
    see(5, registered(3, 'active', another));
    expect(life.epoch).toBeUndefined();
    see(7, registered(7, 'fenced'));
    expect(life.epoch).toBe(7);
  });

  test('waits for the session of its former life to end', () => {
    see(1);
    const refusal: MetadataRefusal = { type: 'broker-id-in-use', brokerId: brokerId(1), incarnation: another };
    expect(typesOf(step({ type: 'register-ended', refusal }))).toEqual(['not-registered-yet']);
    expect(typesOf(pass(200))).toEqual(['register']);
  });

  test('gives up when it is refused for a reason that does not pass', () => {
    see(1);
    const [named, home] = [clusterId('c'.repeat(32)), clusterId('e'.repeat(32))];
    const refusal: MetadataRefusal = { type: 'cluster-id-mismatch', named, ours: home };
    expect(step({ type: 'register-ended', refusal })).toEqual([{ type: 'give-up', why: { type: 'refused', refusal } }]);
    expect([typesOf(pass(10_000)), typesOf(see(2))]).toEqual([[], []]);
  });
});

describe('a broker that is registered', () => {
  test('sends heartbeats in time, with the revision that it has, and never two at once', () => {
    makeActive();
    expect(typesOf(pass(249))).toEqual([]);
    expect(heartbeatsIn(pass(1))).toEqual([{ brokerId: 1, brokerEpoch: 7, revision: 9, isLeaving: false }]);
    expect(typesOf(pass(250))).toEqual([]);
    see(12, registered(7, 'active'));
    expect(heartbeatsIn(step({ type: 'heartbeat-ended' }))).toMatchObject([{ revision: 12 }]);
  });

  test('tells when its state changes, and goes on when it is fenced', () => {
    makeActive();
    expect(see(10, registered(7, 'fenced'))).toEqual([{ type: 'state-changed', brokerEpoch: 7, state: 'fenced' }]);
    expect(typesOf(pass(250))).toEqual(['heartbeat']);
    expect(life.epoch).toBe(7);
  });

  test('M5: ends when another process has its number', () => {
    makeActive();
    const effects = see(20, registered(20, 'fenced', another));
    expect(effects).toEqual([{ type: 'give-up', why: { type: 'replaced', incarnation: another, brokerEpoch: 20 } }]);
    expect([life.epoch, typesOf(pass(1_000))]).toEqual([undefined, []]);
  });

  test('ends when it is taken out of the cluster', () => {
    makeActive();
    expect(see(20)).toEqual([{ type: 'give-up', why: { type: 'removed' } }]);
    expect(life.epoch).toBeUndefined();
  });
});

describe('a broker that shuts down', () => {
  test('hands over first, waits until it sees that, says goodbye, and is gone', () => {
    makeActive();
    expect(typesOf(step({ type: 'shut-down' }))).toEqual(['hand-over']);
    expect(typesOf(step({ type: 'handover-ended', revision: logIndex(15) }))).toEqual([]);
    expect(typesOf(see(14, registered(7, 'active')))).toEqual([]);
    const goodbye = see(15, registered(7, 'shutting-down'));
    expect(heartbeatsIn(goodbye)).toMatchObject([{ isLeaving: true, revision: 15 }]);
    expect(step({ type: 'heartbeat-ended' })).toEqual([{ type: 'left' }]);
    expect([typesOf(pass(10_000)), life.epoch]).toEqual([[], undefined]);
  });

  test('lives on while it hands over', () => {
    makeActive();
    step({ type: 'shut-down' });
    expect(heartbeatsIn(pass(250))).toMatchObject([{ isLeaving: false }]);
  });

  test('says goodbye only after an earlier heartbeat has ended', () => {
    makeActive();
    pass(250);
    step({ type: 'shut-down' });
    step({ type: 'handover-ended', revision: logIndex(9) });
    expect(typesOf(pass(10))).toEqual([]);
    expect(heartbeatsIn(step({ type: 'heartbeat-ended' }))).toMatchObject([{ isLeaving: true }]);
    expect(typesOf(step({ type: 'heartbeat-ended' }))).toEqual(['left']);
  });

  test('asks again when nobody could say what became of the handover, and goes in the end', () => {
    makeActive();
    const first = step({ type: 'shut-down' });
    expect(typesOf(step({ type: 'handover-ended', revision: undefined }))).toEqual([]);
    expect(pass(200)).toEqual(first);
    expect(typesOf(pass(50))).toEqual(['heartbeat']);
    expect(typesOf(pass(2_749))).toEqual([]);
    // The heartbeat before never ends, so the goodbye is not said either.
    expect(typesOf(pass(1))).toEqual([]);
    expect(typesOf(pass(1_000))).toEqual(['left']);
  });

  test('goes at once when it is not registered', () => {
    see(1);
    expect(step({ type: 'shut-down' })).toEqual([{ type: 'left' }]);
  });
});
