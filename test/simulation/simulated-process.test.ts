/**
 * Processes live, stop, die and come back; nothing of the dead touches anything; time and chance come from ports.
 */
import { afterEach, expect, test } from 'vitest';
import { FaultError } from '../../src/base/fault-error.ts';
import { delay } from '../../src/ports/clock.ts';
import type { Boot, ProcessPorts, SimulatedProcess } from '../../src/simulation/simulated-process.ts';
import { Simulation } from '../../src/simulation/simulation.ts';

const untilMs = 60_000;

function worldOf(boot: Boot): { simulation: Simulation; process: SimulatedProcess } {
  const simulation = new Simulation({ seed: 1 });
  const process = simulation.addProcess('n1', boot);
  process.start();
  return { simulation, process };
}

let ticks = 0;
afterEach(() => {
  ticks = 0;
});

async function tick({ clock }: ProcessPorts): Promise<void> {
  for (;;) {
    await delay(clock, 10);
    ticks += 1;
  }
}

test('a crashed process does nothing more, and a started one begins again', async () => {
  const { simulation, process } = worldOf(tick);
  await simulation.run({ untilMs: 105 });
  expect(ticks).toBe(10);
  process.crash();
  await simulation.run({ untilMs: 1_000 });
  expect(ticks).toBe(10);
  expect(process.state).toBe('down');
  process.start();
  await simulation.run({ untilMs: 1_055 });
  expect(process.starts).toBe(2);
  expect(simulation.world.problem).toBeUndefined();
});

test('a paused process runs nothing while time passes, and what came meanwhile runs in order after it', async () => {
  const heard: string[] = [];
  const { simulation, process } = worldOf(({ clock }) => {
    for (const delayMs of [5, 20, 30, 40])
      clock.callAfterMs(delayMs, () => void heard.push(`${delayMs} at ${clock.monotonicMs() - startMs}`));
    const cancelled = clock.callAfterMs(25, () => expect.unreachable());
    clock.callAfterMs(20, () => cancelled.cancel());
    const startMs = clock.monotonicMs();
  });
  await simulation.run({ untilMs: 10 });
  process.pause();
  expect(process.state).toBe('paused');
  await simulation.run({ untilMs: 35 });
  expect(heard).toEqual(['5 at 5']);
  await simulation.run({ untilMs: 38 });
  process.resume();
  await simulation.run({ untilMs });
  expect(heard.map((line) => line.split(' ')[0])).toEqual(['5', '20', '30', '40']);
  expect(heard.at(-1)).toBe('40 at 40');
});

test('within the turn of its death a process runs into the void', async () => {
  const { simulation, process } = worldOf(({ clock, eventLog }) => {
    clock.callAfterMs(5, () => {
      process.crash();
      clock.callAfterMs(1, () => expect.unreachable());
      eventLog.emit('info', 'a dead process speaks');
      void Promise.resolve().then(() => clock.callSoon(() => expect.unreachable()));
    });
  });
  await simulation.run({ untilMs });
  expect(simulation.world.problem).toBeUndefined();
  expect(simulation.world.reached.get('said: a dead process speaks')).toBe(0);
});

test('a dead incarnation that acts in a later turn fails the run', async () => {
  let leaked: ProcessPorts | undefined;
  const { simulation, process } = worldOf((ports) => {
    leaked ??= ports;
  });
  const other = simulation.addProcess('n2', ({ clock }) => {
    clock.callAfterMs(50, () => leaked?.clock.callSoon(() => {}));
  });
  other.start();
  await simulation.run({ untilMs: 10 });
  process.crash();
  process.start();
  expect(await simulation.run({ untilMs })).toBe('problem');
  expect(simulation.world.problem?.what).toBe('nothing of a dead or paused incarnation touches shared state');
  expect(simulation.world.problem?.facts).toMatchObject({ process: 'n1', incarnation: 1 });
});

test('a fault that nobody catches ends its process, any other error fails the run', async () => {
  for (const throwing of [
    (fault: Error) => (): void => {
      throw fault;
    },
    (fault: Error) => async (): Promise<void> => {
      await Promise.resolve();
      throw fault;
    },
    (fault: Error) => (): void => {
      const unheard = async (): Promise<void> => Promise.reject(fault);
      void unheard();
    },
  ]) {
    const stopping = worldOf(throwing(new FaultError('the disk is gone', {})));
    await stopping.simulation.run({ untilMs });
    expect(stopping.process.state).toBe('down');
    expect(stopping.simulation.world.problem).toBeUndefined();

    const failing = worldOf(throwing(new Error('a bug')));
    await failing.simulation.run({ untilMs });
    expect(failing.simulation.world.problem?.what).toBe('no process throws anything but faults');
    expect(failing.simulation.world.problem?.facts).toMatchObject({ process: 'n1', thrown: 'Error: a bug' });
  }
});

test('a process that gives up is down at once and may be started again', async () => {
  const { simulation, process } = worldOf(({ clock, exit }) => {
    clock.callAfterMs(5, () => {
      exit(new FaultError('first', {}));
      exit(new FaultError('second', {}));
    });
  });
  await simulation.run({ untilMs: 10 });
  expect(process.state).toBe('down');
  process.start();
  await simulation.run({ untilMs: 12 });
  expect(process.state).toBe('running');
});

test('wall clocks jump and drift while the monotonic clock stays sane', async () => {
  let ports: ProcessPorts | undefined;
  const { simulation, process } = worldOf((given) => {
    ports = given;
    given.clock.callAfterMs(100_000, () => {});
  });
  const read = (): { wallMs: number; monotonicMs: number } => ({
    wallMs: ports?.clock.wallMs() ?? 0,
    monotonicMs: ports?.clock.monotonicMs() ?? 0,
  });
  await simulation.run({ untilMs: 1 });
  const before = read();
  process.jumpWallClock(-3_600_000);
  process.driftWallClock(0.5);
  expect(read().wallMs - before.wallMs).toBe(-3_600_000);
  await simulation.run({ untilMs: 100_000 });
  const after = read();
  expect(after.monotonicMs - before.monotonicMs).toBe(99_999);
  expect(after.wallMs - before.wallMs).toBe(-3_600_000 + Math.floor(99_999 * 1.5));
  process.driftWallClock(0);
  expect(read().wallMs).toBe(after.wallMs);
});

test('two lives and two processes start their monotonic clocks anywhere', async () => {
  const starts: number[] = [];
  const boot: Boot = ({ clock }) => void starts.push(clock.monotonicMs());
  const { simulation, process } = worldOf(boot);
  simulation.addProcess('n2', boot).start();
  await simulation.run({ untilMs: 1 });
  process.crash();
  process.start();
  await simulation.run({ untilMs: 2 });
  expect(new Set(starts).size).toBe(3);
});

test('an event log writes constant sentences into the trace, with all facts, and counts them', async () => {
  const { simulation } = worldOf(({ eventLog }) => {
    const log = eventLog.with({ node: 1 });
    log.emit('info', 'something happened', { name: 'a b', big: 2n, nested: { big: 3n }, none: undefined });
    log.emit('warn', 'something happened', { fault: new FaultError('the disk is gone', {}) });
  });
  await simulation.run({ untilMs: 1 });
  expect(simulation.world.reached.get('said: something happened')).toBe(2);
  expect(
    simulation.world.trace
      .lastLines()
      .slice(-2)
      .map((line) => line.trim()),
  ).toEqual([
    '0.000 n1       info: something happened node=1 name=a b big=2 nested={"big":"3"} none=undefined',
    '0.000 n1       warn: something happened node=1 fault=FaultError: the disk is gone',
  ]);
  expect(simulation.world.problem).toBeUndefined();
});
