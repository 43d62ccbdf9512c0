import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { barrier, inLane, noticed, now, scripted, Stage, type ScriptedEffect } from './scripted-machine.ts';

describe('order', () => {
  test('an event is stepped and its effects performed before submit returns', () => {
    const stage = new Stage(scripted({ go: [now('a'), inLane('x', 'b'), barrier('c')] }));
    stage.submit('go');
    expect(stage.trace).toEqual(['step go', 'do a', 'do b', 'do c']);
  });

  test('an event submitted from within an effect waits until the step is over', () => {
    const stage = new Stage(scripted({ first: [now('a'), now('b')], second: [now('c')] }));
    stage.onPerform = (effect) => {
      if (effect.name !== 'a') return;
      stage.submit('second');
      stage.trace.push('a goes on');
    };
    stage.submit('first');
    expect(stage.trace).toEqual(['step first', 'do a', 'a goes on', 'do b', 'step second', 'do c']);
  });

  test('what an effect answers is stepped before anything that was submitted', () => {
    const stage = new Stage(scripted({ first: [now('a', { answer: 'answered' })] }));
    stage.onPerform = () => {
      stage.submit('second');
    };
    stage.submit('first');
    expect(stage.trace).toEqual(['step first', 'do a', 'step answered', 'step second']);
  });

  test('answers are stepped in the order in which their effects ended', async () => {
    const slow = (name: string): ScriptedEffect => now(name, { slow: true, answer: `${name} done` });
    const stage = new Stage(scripted({ go: [slow('a'), slow('b')] }));
    stage.submit('go');
    await stage.end('b');
    await stage.end('a');
    expect(stage.trace).toEqual(['step go', 'do a', 'do b', 'end b', 'step b done', 'end a', 'step a done']);
  });
});

describe('overlap', () => {
  test('effects of one lane run one after the other', async () => {
    const stage = new Stage(scripted({ go: ['a', 'b'].map((name) => inLane('log', name, { slow: true })) }));
    stage.submit('go');
    expect(stage.trace).toEqual(['step go', 'do a']);
    await stage.end('a');
    expect(stage.trace).toEqual(['step go', 'do a', 'end a', 'do b']);
  });

  test('lanes overlap each other and the steps that follow', () => {
    const stage = new Stage(
      scripted({ go: [inLane('log', 'a', { slow: true }), inLane('peer', 'b', { slow: true })] }),
    );
    stage.submit('go', 'next');
    expect(stage.trace).toEqual(['step go', 'do a', 'do b', 'step next']);
  });

  test('a lane that became idle takes effects again', async () => {
    const stage = new Stage(scripted({ first: [inLane('log', 'a', { slow: true })], second: [inLane('log', 'b')] }));
    stage.submit('first');
    await stage.end('a');
    stage.submit('second');
    expect(stage.trace.at(-1)).toBe('do b');
    expect(stage.driver.effectsInFlight).toBe(0);
  });

  test('a lane goes on at once past effects that take no time', async () => {
    const lane = [inLane('log', 'a', { slow: true }), inLane('log', 'b'), inLane('log', 'c', { slow: true })];
    const stage = new Stage(scripted({ go: lane }));
    stage.submit('go');
    await stage.end('a');
    expect(stage.trace).toEqual(['step go', 'do a', 'end a', 'do b', 'do c']);
  });
});

describe('barriers', () => {
  test('a barrier waits for every effect before it', async () => {
    const stage = new Stage(
      scripted({ go: [inLane('x', 'a', { slow: true }), now('b', { slow: true }), barrier('cut')] }),
    );
    stage.submit('go');
    await stage.end('b');
    expect(stage.trace).not.toContain('do cut');
    await stage.end('a');
    expect(stage.trace.at(-1)).toBe('do cut');
  });

  test('nothing starts and nothing is stepped until a barrier has ended', async () => {
    const stage = new Stage(scripted({ go: [barrier('cut', { slow: true }), now('a'), inLane('x', 'b')] }));
    stage.submit('go', 'next');
    expect(stage.trace).toEqual(['step go', 'do cut']);
    await stage.end('cut');
    expect(stage.trace).toEqual(['step go', 'do cut', 'end cut', 'do a', 'do b', 'step next']);
  });

  test('no event is stepped while a barrier runs that ends its step', async () => {
    const stage = new Stage(scripted({ go: [barrier('cut', { slow: true })] }));
    stage.submit('go', 'next');
    expect(stage.trace).toEqual(['step go', 'do cut']);
    await stage.end('cut');
    expect(stage.trace.at(-1)).toBe('step next');
  });

  test('answers wait behind a barrier and are stepped after the effects it held back', async () => {
    const effects = [inLane('x', 'a', { slow: true, answer: 'a done' }), barrier('cut'), now('b')];
    const stage = new Stage(scripted({ go: effects }));
    stage.submit('go');
    await stage.end('a');
    expect(stage.trace).toEqual(['step go', 'do a', 'end a', 'do cut', 'do b', 'step a done']);
  });

  test('a barrier waits for the effects that queue in a lane', async () => {
    const lane = ['a', 'b'].map((name) => inLane('log', name, { slow: true }));
    const stage = new Stage(scripted({ go: [...lane, barrier('cut')] }));
    stage.submit('go');
    await stage.end('a');
    expect(stage.trace.at(-1)).toBe('do b');
    await stage.end('b');
    expect(stage.trace.at(-1)).toBe('do cut');
  });
});

describe('bounds', () => {
  test('submit refuses when the queue is full and nothing that was accepted is lost', async () => {
    const stage = new Stage(scripted({ go: [barrier('cut', { slow: true })] }), { eventsWaitingMax: 2 });
    stage.submit('go', 'b', 'c');
    expect(stage.driver.submit({ name: 'd' })).toEqual({ ok: false, problem: 'queue-full' });
    await stage.end('cut');
    expect(stage.trace).toEqual(['step go', 'do cut', 'end cut', 'step b', 'step c']);
    expect(stage.driver.submit({ name: 'e' }).ok).toBe(true);
  });

  test('submitted events wait while the effects in flight are at their limit', async () => {
    const stage = new Stage((event) => [now(event.name, { slow: true })], { effectsInFlightMax: 2 });
    stage.submit('a', 'b', 'c');
    expect(stage.trace).toEqual(['step a', 'do a', 'step b', 'do b']);
    await stage.end('b');
    expect(stage.trace.slice(4)).toEqual(['end b', 'step c', 'do c']);
  });

  test('answers are stepped even when the effects in flight are at their limit', async () => {
    const script = scripted({
      go: [inLane('x', 'a', { slow: true, answer: 'a done' }), inLane('x', 'b', { slow: true })],
      'a done': [inLane('x', 'c')],
    });
    const stage = new Stage(script, { effectsInFlightMax: 1 });
    stage.submit('go', 'next');
    await stage.end('a');
    expect(stage.trace).toEqual(['step go', 'do a', 'end a', 'do b', 'step a done']);
    await stage.end('b');
    expect(stage.trace.slice(5)).toEqual(['end b', 'do c', 'step next']);
  });

  test('a core that exceeds twice its effects in flight is stopped', () => {
    const lane = ['a', 'b', 'c'].map((name) => inLane('log', name, { slow: true }));
    const stage = new Stage(scripted({ go: lane }), { effectsInFlightMax: 1 });
    stage.submit('go');
    expect(stage.faults).toHaveLength(1);
    expect(stage.faults[0]).toBeInstanceOf(InvariantError);
  });
});

describe('fairness', () => {
  test('a core that always answers itself leaves the event loop its turns', () => {
    const stage = new Stage(() => [now('again', { answer: 'go' })], { stepsPerTurnMax: 10 });
    stage.submit('go');
    expect(stage.trace.filter((line) => line === 'step go')).toHaveLength(10);
    expect(stage.turn()).toBe(true);
    expect(stage.trace.filter((line) => line === 'step go')).toHaveLength(20);
  });

  test('events submitted while a turn is due wait for that turn', () => {
    const endless = scripted({ go: [now('again', { answer: 'go' })] });
    const stage = new Stage(endless, { stepsPerTurnMax: 3 });
    stage.submit('go');
    stage.submit('late');
    expect(stage.trace).not.toContain('step late');
    expect(stage.driver.eventsWaiting).toBe(1);
  });

  test('a driver that stopped takes no further turn', async () => {
    const stage = new Stage(() => [now('again', { answer: 'go' })], { stepsPerTurnMax: 1 });
    stage.submit('go');
    await stage.driver.stop();
    stage.turn();
    expect(stage.trace).toEqual(['step go', 'do again']);
    expect(stage.turn()).toBe(false);
  });
});

describe('faults', () => {
  test('a step that throws is fatal and none of its effects is performed', () => {
    const stage = new Stage((event) => {
      if (event.name === 'bad') throw new InvariantError('the test breaks it', {});
      return [now('a')];
    });
    stage.submit('bad');
    expect(stage.faults).toHaveLength(1);
    expect(stage.driver.submit({ name: 'more' })).toEqual({ ok: false, problem: 'stopped' });
    expect(stage.trace).toEqual(['step bad']);
  });

  test('an effect that throws stops the effects after it', () => {
    const stage = new Stage(scripted({ go: [now('a'), now('b')] }));
    stage.onPerform = () => {
      throw new Error('disk gone');
    };
    stage.submit('go');
    expect(stage.trace).toEqual(['step go', 'do a']);
    expect(stage.faults).toEqual([new Error('disk gone')]);
  });

  test('a rejected effect is reported once and nothing follows it', async () => {
    const slow = { slow: true, answer: 'done' };
    const stage = new Stage(
      scripted({ go: [inLane('x', 'a', slow), inLane('x', 'b', slow), inLane('y', 'c', slow), now('d', slow)] }),
    );
    stage.submit('go');
    await stage.fail('a', new Error('first'));
    await stage.fail('c', new Error('second'));
    await stage.end('d');
    expect(stage.faults).toEqual([new Error('first')]);
    expect(stage.trace).toEqual(['step go', 'do a', 'do c', 'do d', 'end d']);
  });

  test('an effect that throws when its lane comes to it is fatal too', async () => {
    const stage = new Stage(scripted({ go: [inLane('x', 'a', { slow: true }), inLane('x', 'b')] }));
    stage.submit('go');
    stage.onPerform = () => {
      throw new Error('late');
    };
    await stage.end('a');
    expect(stage.faults).toEqual([new Error('late')]);
  });

  test('an owner that stops its driver after a fault hears when all effects have ended', async () => {
    const stage = new Stage(scripted({ go: [now('a', { slow: true }), now('b', { slow: true })] }));
    stage.submit('go');
    await stage.fail('a', new Error('gone'));
    let settled = false;
    const stopping = stage.driver.stop().then(() => (settled = true));
    await noticed();
    expect(settled).toBe(false);
    expect(stage.driver.eventsWaiting).toBe(0);
    await stage.end('b');
    await stopping;
    expect(settled).toBe(true);
  });
});

describe('stopping', () => {
  test('a stopped driver drops what waits and settles when running effects have ended', async () => {
    const stage = new Stage(
      scripted({ go: [inLane('x', 'a', { slow: true, answer: 'done' }), inLane('x', 'b'), barrier('cut'), now('c')] }),
    );
    stage.submit('go', 'next');
    let settled = false;
    const stopping = stage.driver.stop().then(() => (settled = true));
    await noticed();
    expect(settled).toBe(false);
    expect(stage.driver.eventsWaiting).toBe(0);
    await stage.end('a');
    await stopping;
    expect(stage.trace).toEqual(['step go', 'do a', 'end a']);
    expect(stage.driver.submit({ name: 'late' })).toEqual({ ok: false, problem: 'stopped' });
  });

  test('a driver stopped from within an effect performs nothing more', async () => {
    const stage = new Stage(scripted({ go: [now('a', { answer: 'done' }), now('b')] }));
    let stopping: Promise<void> | undefined;
    stage.onPerform = () => {
      stopping = stage.driver.stop();
    };
    stage.submit('go');
    await stopping;
    expect(stage.trace).toEqual(['step go', 'do a']);
  });

  test('a driver stopped while a lane goes on performs nothing more of that lane', async () => {
    const lane = [inLane('log', 'a', { slow: true }), inLane('log', 'b'), inLane('log', 'c')];
    const stage = new Stage(scripted({ go: lane }));
    stage.submit('go');
    stage.onPerform = () => void stage.driver.stop();
    await stage.end('a');
    expect(stage.trace).toEqual(['step go', 'do a', 'end a', 'do b']);
    expect(stage.faults).toEqual([]);
  });
});
