/**
 * What each fault of the network and of a machine looks like to the processes that live through it.
 */
import { expect, test } from 'vitest';
import { statusOk, type Status } from '../../src/base/status.ts';
import type { AcceptedStream, OpenedStream } from '../../src/ports/stream.ts';
import { drawPartition, partitionShapes } from '../../src/simulation/partition-shapes.ts';
import type { ProcessPorts, SimulatedProcess } from '../../src/simulation/simulated-process.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { networkHabitsDefault } from '../../src/simulation/simulated-network.ts';
import { Simulation } from '../../src/simulation/simulation.ts';

/** n1 has a stream to n2, on which n2 counts up and n1 writes down what it hears. */
class Conversation {
  readonly simulation: Simulation;
  readonly speaker: SimulatedProcess;
  readonly listener: SimulatedProcess;
  readonly heard: number[] = [];
  readonly closedAt: Record<string, { readonly status: Status; readonly atMs: number }> = {};
  stream: OpenedStream | undefined;
  #ports: ProcessPorts | undefined;

  constructor(seed = 1, deadlineMs?: number) {
    this.simulation = new Simulation({ seed });
    this.speaker = this.simulation.addProcess('n2', async ({ network, clock }) => {
      await network.listen({
        endpoint: 'n2:1',
        methods: new Map([['test.Count/Up', (_, stream) => this.#countUp(clock, stream)]]),
      });
    });
    this.listener = this.simulation.addProcess('n1', (ports) => {
      this.#ports = ports;
      ports.clock.callAfterMs(1, () => this.open(deadlineMs));
    });
    this.speaker.start();
    this.listener.start();
  }

  get nowMs(): number {
    return this.simulation.world.nowMs;
  }

  open(deadlineMs: number | undefined): void {
    this.stream = this.#ports?.network.channel('n2:1').open(
      'test.Count/Up',
      { deadlineMs, headers: {} },
      {
        onMessage: (message) => {
          this.heard.push(message[0] ?? -1);
          this.stream?.release(message.length);
        },
        onCredit() {},
        onEnd() {},
        onClose: (status) => (this.closedAt['n1'] = { status, atMs: this.nowMs }),
      },
    );
  }

  run(forMs: number): Promise<unknown> {
    return this.simulation.run({ untilMs: this.nowMs + forMs });
  }

  #countUp(clock: ProcessPorts['clock'], stream: AcceptedStream) {
    let count = 0;
    const speak = (): void => {
      stream.send([Uint8Array.of(count)]);
      count += 1;
      if (count < 256 && this.closedAt['n2'] === undefined) clock.callAfterMs(100, speak);
      else stream.close(statusOk);
    };
    speak();
    return {
      onMessage() {},
      onCredit() {},
      onEnd() {},
      onClose: (status: Status) => {
        this.closedAt['n2'] = { status, atMs: this.nowMs };
      },
    };
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

test('a cut link holds what is sent, and after a short cut everything arrives in order', async () => {
  const talk = new Conversation();
  await talk.run(250);
  talk.simulation.network.cut('n2', 'n1');
  const heardBefore = talk.heard.length;
  await talk.run(900);
  expect(talk.heard).toHaveLength(heardBefore);
  talk.simulation.network.heal('n2', 'n1');
  await talk.run(1_000);
  expect(talk.heard.length).toBeGreaterThan(15);
  expect(talk.heard).toEqual(upTo(talk.heard.length));
  expect(talk.closedAt).toEqual({});
});

test('each end of a stream over a long cut notices the silence on its own', async () => {
  const noticed: Record<string, Set<string>> = { n1: new Set(), n2: new Set() };
  for (let seed = 1; seed <= 40; seed += 1) {
    const talk = new Conversation(seed);
    talk.simulation.network.habits = { ...networkHabitsDefault, silenceUnnoticedChance: 0.5 };
    await talk.run(250);
    talk.simulation.network.cut('n1', 'n2');
    talk.simulation.network.cut('n2', 'n1');
    await talk.run(15_000);
    for (const side of ['n1', 'n2']) noticed[side]?.add(talk.closedAt[side]?.status.name ?? 'never');
    const [one, other] = [talk.closedAt['n1'], talk.closedAt['n2']];
    if (one !== undefined && other !== undefined) noticed[one.atMs < other.atMs ? 'n1' : 'n2']?.add('first');
  }
  expect([...(noticed['n1'] ?? [])].sort()).toEqual(['first', 'never', 'unavailable']);
  expect([...(noticed['n2'] ?? [])].sort()).toEqual(['first', 'never', 'unavailable']);
});

test('a one-way cut lets the other direction pass', async () => {
  const talk = new Conversation();
  await talk.run(250);
  talk.simulation.network.cut('n1', 'n2');
  const heardBefore = talk.heard.length;
  await talk.run(900);
  expect(talk.heard.length).toBeGreaterThan(heardBefore + 5);
});

test('nobody answers over a cut link or from a machine without power: unavailable after the connect timeout', async () => {
  for (const silence of [
    (talk: Conversation): void => talk.simulation.network.cut('n1', 'n2'),
    (talk: Conversation): void => talk.speaker.powerCut(),
  ]) {
    const talk = new Conversation();
    silence(talk);
    await talk.run(10_000);
    expect(talk.closedAt['n1']?.status.name).toBe('unavailable');
    expect(talk.closedAt['n1']?.atMs).toBe(3_001);
  }
});

test('a machine whose process is down refuses at once', async () => {
  const talk = new Conversation();
  talk.speaker.crash();
  await talk.run(100);
  expect(talk.closedAt['n1']?.status.name).toBe('unavailable');
});

test('a reset ends both ends at once, and what was on its way may be lost', async () => {
  const talk = new Conversation();
  await talk.run(250);
  expect(talk.simulation.network.resetOne(new SimulatedRandom(1))).toBe(true);
  await talk.run(50);
  expect(talk.closedAt['n1']?.status.name).toBe('unavailable');
  expect(talk.closedAt['n2']?.status.name).toBe('unavailable');
  expect(talk.simulation.network.resetOne(new SimulatedRandom(1))).toBe(false);
});

test('a stalled stream moves in one direction only, until it is healed', async () => {
  const stalled = new Set<boolean>();
  for (let seed = 1; seed <= 6; seed += 1) {
    const talk = new Conversation();
    await talk.run(250);
    talk.simulation.network.stallOne(new SimulatedRandom(seed));
    const heardBefore = talk.heard.length;
    await talk.run(5_000);
    stalled.add(talk.heard.length === heardBefore);
    expect(talk.closedAt).toEqual({});
    talk.simulation.network.healAmong(new Set(['n1', 'n2']));
    await talk.run(1_000);
    expect(talk.heard.length).toBeGreaterThan(55);
    expect(talk.heard).toEqual(upTo(talk.heard.length));
  }
  expect(stalled).toEqual(new Set([true, false]));
});

test('a stalled stream with a deadline ends by it, on both sides', async () => {
  const talk = new Conversation(1, 2_000);
  await talk.run(250);
  talk.simulation.network.stallOne(new SimulatedRandom(1));
  await talk.run(3_000);
  expect(talk.closedAt['n1']?.status.name).toBe('deadline-exceeded');
  expect(talk.closedAt['n2']?.status.name).toBe('deadline-exceeded');
});

test('the peers of a killed process are told, those of a machine without power only notice the silence', async () => {
  const killed = new Conversation();
  await killed.run(250);
  killed.speaker.crash();
  await killed.run(50);
  expect(killed.closedAt['n1']?.status.name).toBe('unavailable');
  expect(killed.closedAt['n2']).toBeUndefined();

  const dark = new Conversation();
  await dark.run(250);
  dark.speaker.powerCut();
  await dark.run(900);
  expect(dark.closedAt['n1']).toBeUndefined();
  dark.speaker.start();
  await dark.run(50);
  expect(dark.closedAt['n1']?.status.name).toBe('unavailable');
});

test('a message that its sender changes afterwards arrives as it was sent', async () => {
  const simulation = new Simulation({ seed: 1 });
  const arrived: number[] = [];
  const acceptor = (): { onMessage(m: Uint8Array): void; onCredit(): void; onEnd(): void; onClose(): void } => ({
    onMessage: (message) => void arrived.push(...message),
    onCredit() {},
    onEnd() {},
    onClose() {},
  });
  simulation
    .addProcess('n1', async ({ network }) => {
      await network.listen({ endpoint: 'n1:1', methods: new Map([['test.Echo/Say', acceptor]]) });
      const bytes = Uint8Array.of(1, 2, 3);
      network.channel('n1:1').open('test.Echo/Say', { deadlineMs: undefined, headers: {} }, acceptor()).send([bytes]);
      bytes.fill(9);
    })
    .start();
  await simulation.run({ untilMs: 100 });
  expect(arrived).toEqual([1, 2, 3]);
});

test.each(partitionShapes)('the partition "%s" cuts links of the cluster and leaves others whole', (shape) => {
  const machines = ['n1', 'n2', 'n3', 'n4', 'n5'];
  for (let seed = 1; seed <= 30; seed += 1) {
    const { cuts } = drawPartition(shape, machines, new SimulatedRandom(seed));
    const keys = cuts.map(({ from, to }) => `${from}>${to}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(cuts.every(({ from, to }) => from !== to)).toBe(true);
    expect(cuts.length).toBeGreaterThan(0);
    expect(cuts.length).toBeLessThan(20);
    const isMutual = keys.every((key) => keys.includes(key.split('>').toReversed().join('>')));
    expect(isMutual).toBe(!shape.startsWith('one-way'));
  }
});

test('across a bridge one machine sees all others, and no two halves see each other', () => {
  const machines = ['n1', 'n2', 'n3', 'n4', 'n5'];
  const { cuts } = drawPartition('bridge', machines, new SimulatedRandom(3));
  const cutsOf = (machine: string): number => cuts.filter(({ from }) => from === machine).length;
  expect(machines.map(cutsOf).sort((a, b) => a - b)).toEqual([0, 2, 2, 2, 2]);
});
