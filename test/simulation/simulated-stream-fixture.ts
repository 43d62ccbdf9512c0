/**
 * Two simulated machines for the stream suite. The suite's code is nobody's process: it uses the ports of two
 * processes from outside, between the turns.
 */
import { calmWeather, type LinkWeather } from '../../src/simulation/simulated-links.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { Network, StreamLimits } from '../../src/ports/stream.ts';
import type { StreamFixture } from '../conformance/stream.ts';

export interface FixtureOptions {
  readonly seed: number;
  readonly weather: LinkWeather;
}

export function simulatedStreamFixture(
  streamLimits: StreamLimits,
  { seed, weather }: FixtureOptions = { seed: 1, weather: calmWeather },
): StreamFixture {
  const simulation = new Simulation({ seed, streamLimits });
  simulation.network.links.setWeather(weather);
  const networks = new Map<string, Network>();
  const network = (name: string): Network => {
    const known = networks.get(name);
    if (known !== undefined) return known;
    simulation.addProcess(name, (ports) => void networks.set(name, ports.network)).start();
    // The program runs in the next turn; until then the suite has nothing to use.
    simulation.world.scheduler.runNext();
    const made = networks.get(name);
    if (made === undefined) throw new Error('a program that was started runs at once');
    return made;
  };
  const settleMs = 1_000;
  return {
    network,
    endpoint: (name) => `${name}:0`,
    silentEndpoint: () => 'acceptor:9',
    async until(what, condition) {
      const untilMs = simulation.world.nowMs + 600_000;
      const end = await simulation.run({ untilMs, until: condition });
      if (simulation.world.problem !== undefined) throw new Error(JSON.stringify(simulation.world.problem));
      if (!condition()) throw new Error(`${what}: never came to hold (${end})`);
    },
    async settle() {
      await simulation.run({ untilMs: simulation.world.nowMs + settleMs });
    },
    transportBytesMax: 0,
    async close() {},
  };
}
