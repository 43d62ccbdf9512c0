import { describe, expect, test } from 'vitest';
import { ControllerStage, sessionMs } from './controller-stage.ts';
import { createTopic, deleteTopic, registerBroker, updateTopic } from './decide-fixture.ts';

function led(): ControllerStage {
  const stage = new ControllerStage().lead();
  for (const number of [1, 2, 3]) stage.join(number);
  return stage;
}

describe('an answer', () => {
  test('M2: is given when its batch is committed, and not before', () => {
    const stage = led();
    const call = stage.ask('r', createTopic('a'));
    stage.passMs(300);
    expect(stage.ends.has(call)).toBe(false);
    stage.commitAll();
    expect(stage.ends.get(call)).toMatchObject({ type: 'done', revision: stage.image.revision, answer: { name: 'a' } });
  });

  test('M2: that something cannot be waits for what it was decided on, and for a proof of leadership', () => {
    const stage = led();
    const first = stage.ask('r1', createTopic('a'));
    const second = stage.ask('r2', createTopic('a'));
    stage.confirmAll();
    expect([stage.ends.has(first), stage.ends.has(second)]).toEqual([false, false]);
    stage.commit();
    const { revision } = stage.image;
    expect(stage.ends.get(second)).toMatchObject({ type: 'refused', problem: { type: 'topic-exists' }, revision });

    const third = stage.ask('r3', createTopic('a'));
    expect(stage.ends.has(third)).toBe(false);
    stage.confirmAll(false);
    expect(stage.ends.get(third)).toEqual({ type: 'not-leading' });
  });

  test('M2: that something cannot be names the revision at which that is so, whatever else is in the log', () => {
    const stage = led();
    stage.ask('r1', createTopic('a'));
    const [pending] = stage.proposed;
    const early = stage.ask('r2', createTopic('a'));
    stage.commitOther();
    const committed = stage.commit({ isSilent: true });
    stage.confirmAll();
    expect(stage.ends.has(early)).toBe(false);
    if (pending === undefined || committed === undefined) throw new Error('a batch is proposed');
    stage.end(pending.batchId, { type: 'committed', ...committed });
    expect(stage.ends.get(early)).toMatchObject({ type: 'refused', revision: committed.index });

    stage.commitOther();
    const late = stage.ask('r3', createTopic('a'));
    stage.confirmAll();
    expect(stage.ends.get(late)).toMatchObject({ type: 'refused', revision: stage.image.revision });
  });

  test('M10: is the same for a repetition, before and after the commit', () => {
    const stage = led();
    const calls = [stage.ask('r', createTopic('a')), stage.ask('r', createTopic('a'))];
    stage.commitAll();
    calls.push(stage.ask('r', createTopic('a')));
    const ends = calls.map((call) => stage.ends.get(call));
    expect(ends[0]).toMatchObject({ type: 'done', answer: { type: 'topic-created', existedBefore: false } });
    expect(ends).toEqual([ends[0], ends[0], ends[0]]);
    expect(stage.image.topics.size).toBe(1);
  });

  test('M10: is the same from the next controller', () => {
    const stage = led();
    const call = stage.ask('r', createTopic('a'));
    stage.commitAll();
    const next = new ControllerStage({ image: stage.image, firstId: 9_000 }).lead();
    const again = next.ask('r', createTopic('a'));
    expect(next.ends.get(again)).toEqual(stage.ends.get(call));
  });

  test('is refused to another command under a request id that is used', () => {
    const stage = led();
    stage.ask('r', createTopic('a'));
    const early = stage.ask('r', createTopic('b'));
    stage.commitAll();
    const late = stage.ask('r', deleteTopic('a'));
    for (const call of [early, late])
      expect(stage.ends.get(call)).toMatchObject({ type: 'refused', problem: { type: 'request-id-reused' } });
  });
});

describe('a controller', () => {
  test('decides on what is not committed yet', () => {
    const stage = led();
    const calls = [
      stage.ask('r1', createTopic('a')),
      stage.ask('r2', updateTopic('a', { partitionCount: 2 })),
      stage.ask('r3', deleteTopic('a')),
      stage.ask('r4', createTopic('a')),
    ];
    expect(stage.proposed.length).toBe(4);
    stage.commitAll();
    expect(calls.map((call) => stage.ends.get(call)?.type)).toEqual(['done', 'done', 'done', 'done']);
    expect(stage.image.topics.size).toBe(1);
  });

  test('that leads no longer does not know what becomes of what it proposed', () => {
    const stage = led();
    const call = stage.ask('r', createTopic('a'));
    const refusal = stage.ask('r2', createTopic('a'));
    stage.feed({ type: 'lost' });
    expect(stage.ends.get(call)).toEqual({ type: 'outcome-unknown' });
    expect(stage.ends.get(refusal)).toEqual({ type: 'not-leading' });
    expect(stage.lookAhead).toBeUndefined();
    expect(stage.ends.get(stage.ask('r3', createTopic('b')))).toEqual({ type: 'not-leading' });
  });

  test('that leads again begins with what is committed', () => {
    const stage = led();
    stage.ask('r', createTopic('a'));
    stage.feed({ type: 'lost' });
    stage.proposed.length = 0;
    stage.commitOther();
    stage.feed({ type: 'leads' });
    const call = stage.ask('r2', createTopic('a'));
    stage.commitAll();
    expect(stage.ends.get(call)).toMatchObject({ type: 'done' });
    expect(stage.lookAhead).toBe(stage.image);
  });

  test('takes back what was decided on a batch that was refused', () => {
    const stage = led();
    const kept = stage.ask('r1', createTopic('a'));
    const gone = stage.ask('r2', createTopic('b'));
    const follower = stage.ask('r3', updateTopic('b', { partitionCount: 2 }));
    const trial = stage.ask('r4', createTopic('b'));
    const [first, second, third] = stage.proposed;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three are proposed');
    stage.end(second.batchId, { type: 'refused', limit: 'bytes' });
    stage.proposed.splice(1, 1);
    for (const call of [gone, follower]) expect(stage.ends.get(call)).toEqual({ type: 'overloaded', limit: 'bytes' });
    expect(stage.ends.get(trial)).toEqual({ type: 'not-leading' });
    const again = stage.ask('r2', createTopic('b'));
    expect(stage.commit()).toMatchObject({ isVoid: false });
    expect(stage.commit()).toMatchObject({ isVoid: true });
    expect(stage.commit()).toMatchObject({ isVoid: false });
    expect([kept, again].map((call) => stage.ends.get(call)?.type)).toEqual(['done', 'done']);
    expect(stage.image.topics.size).toBe(2);
    expect(stage.lookAhead).toBe(stage.image);
  });

  test('knows a broker by its true epoch, whatever else came into the log before it', () => {
    const stage = led();
    stage.ask('r1', registerBroker(4));
    stage.ask('r2', createTopic('a'));
    stage.commitOther();
    stage.commit();
    expect(stage.lookAhead?.brokers.get(stage.broker(4).brokerId)?.brokerEpoch).toBe(stage.broker(4).brokerEpoch);
    stage.beat(4);
    stage.commitAll();
    expect(stage.broker(4).state).toBe('active');
  });

  test('takes only so much at once', () => {
    const stage = new ControllerStage({ pendingMax: 3 }).lead();
    const calls = [1, 2, 3, 4].map((number) => stage.ask(`r${number}`, registerBroker(number)));
    expect(calls.map((call) => stage.ends.get(call)?.type)).toEqual([undefined, undefined, undefined, 'overloaded']);
  });

  test('founds an empty cluster at the levels of its release, and tries again when that is refused', () => {
    const stage = new ControllerStage();
    stage.feed({ type: 'leads' });
    stage.refuse('bytes');
    stage.passMs(100);
    stage.commitAll();
    expect([...stage.image.features.entries()]).toEqual([['metadata', 1]]);
  });
});

describe('a broker', () => {
  test('is fenced when it is silent for a session, and let in when it is heard again', () => {
    const stage = led();
    stage.ask('r', createTopic('a', { replicationFactor: 3 }));
    stage.commitAll();
    for (let ms = 0; ms < sessionMs + 100; ms += 100) {
      stage.beat(1);
      stage.beat(2);
      stage.passMs(100);
    }
    stage.commitAll();
    expect([1, 2, 3].map((number) => stage.broker(number).state)).toEqual(['active', 'active', 'fenced']);
    stage.beat(3);
    stage.commitAll();
    expect(stage.broker(3).state).toBe('active');
  });

  test('is let in only once it has seen its own registration', () => {
    const stage = led();
    stage.ask('r', registerBroker(4));
    stage.commitAll();
    const { brokerEpoch } = stage.broker(4);
    expect(stage.beat(4, { revision: brokerEpoch - 1 })).toMatchObject({ type: 'heard', state: 'fenced' });
    stage.commitAll();
    expect(stage.broker(4).state).toBe('fenced');
    stage.beat(4, { revision: brokerEpoch });
    stage.commitAll();
    expect(stage.broker(4).state).toBe('active');
  });

  test('has a whole session with a new controller', () => {
    const stage = led();
    const next = new ControllerStage({ image: stage.image });
    next.feed({ type: 'leads' });
    next.passMs(sessionMs - 1);
    expect(next.proposed.length).toBe(0);
    next.passMs(1);
    next.commitAll();
    expect([1, 2, 3].map((number) => next.broker(number).state)).toEqual(['fenced', 'fenced', 'fenced']);
  });

  test('is not fenced for a pause of the controller', () => {
    const stage = led();
    stage.nowMs += 60_000;
    stage.feed({ type: 'tick' });
    expect(stage.proposed.length).toBe(0);
    stage.passMs(sessionMs);
    expect(stage.proposed.length).toBe(3);
  });

  test('that says goodbye is fenced at once, and its number is free', () => {
    const stage = led();
    const early = stage.ask('r1', registerBroker(1, 2));
    stage.confirmAll();
    expect(stage.ends.get(early)).toMatchObject({ type: 'refused', problem: { type: 'broker-id-in-use' } });
    stage.beat(1, { isLeaving: true });
    stage.commitAll();
    expect(stage.broker(1).state).toBe('fenced');
    const late = stage.ask('r2', registerBroker(1, 2));
    stage.commitAll();
    expect(stage.ends.get(late)).toMatchObject({ type: 'done' });
  });

  test('M5: of a former life is not heard', () => {
    const stage = led();
    const old = { brokerId: stage.broker(1).brokerId, brokerEpoch: stage.broker(1).brokerEpoch };
    stage.beat(1, { isLeaving: true });
    stage.commitAll();
    stage.join(1, 2);
    stage.feed({
      type: 'heartbeat',
      callId: 999,
      heartbeat: { ...old, revision: stage.image.revision, isLeaving: true },
    });
    expect(stage.beats.get(999)).toEqual({ type: 'not-registered' });
    expect(stage.proposed.length).toBe(0);
  });

  test('is fenced in the end when its fencing was refused at first', () => {
    const stage = led();
    stage.passMs(sessionMs);
    while (stage.proposed.length > 0) stage.refuse('bytes');
    expect(stage.lookAhead?.brokers.get(stage.broker(1).brokerId)?.state).toBe('active');
    stage.passMs(100);
    stage.commitAll();
    expect([1, 2, 3].map((number) => stage.broker(number).state)).toEqual(['fenced', 'fenced', 'fenced']);
  });
});
