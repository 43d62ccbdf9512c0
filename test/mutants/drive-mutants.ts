/**
 * Planted bugs of the generic driver and of the queue below it: D for drive. What each breaks is the name of a test.
 */
import type { Mutant } from './mutant.ts';

const driver = 'src/drive/driver.ts';
const queue = 'src/base/ring-queue.ts';

type Plan = Pick<Mutant, 'id' | 'bug' | 'file' | 'find' | 'replace' | 'breaks'>;

const plans: readonly Plan[] = [
  {
    id: 'D01',
    bug: 'a barrier starts while earlier effects run',
    file: driver,
    find: 'if (this.#effectsRunning > 0) return false;',
    replace: '',
    breaks: /a barrier waits for every effect before it/,
  },
  {
    id: 'D02',
    bug: 'effects start while a barrier runs',
    file: driver,
    find: 'if (this.#barrierRunning) return false;',
    replace: '',
    breaks: /nothing starts and nothing is stepped until a barrier has ended/,
  },
  {
    id: 'D03',
    bug: 'events are stepped while a barrier runs',
    file: driver,
    find: "return !this.#barrierRunning && this.#state === 'open';",
    replace: "return this.#state === 'open';",
    breaks: /no event is stepped while a barrier runs that ends its step/,
  },
  {
    id: 'D04',
    bug: 'a lane forgets that it is running',
    file: driver,
    find: 'if (this.#start(effect, opened)) this.#lanes.set(name, opened);',
    replace: 'this.#start(effect, opened);',
    breaks: /effects of one lane run one after the other/,
  },
  {
    id: 'D05',
    bug: 'a lane starts all that waits when its first effect ends',
    file: driver,
    find: 'if (this.#start(effect, lane)) return;',
    replace: 'this.#start(effect, lane);',
    breaks: /a barrier waits for the effects that queue in a lane|in order within its lane/,
  },
  {
    id: 'D06',
    bug: 'submitted events overtake answers',
    file: driver,
    find: 'const answer = this.#answers.shift();',
    replace: 'const answer = this.#submitted.shift() ?? this.#answers.shift();',
    breaks: /what an effect answers is stepped before anything that was submitted/,
  },
  {
    id: 'D07',
    bug: 'an event submitted from within an effect is stepped inside that step',
    file: driver,
    find: 'if (!this.#busy) this.#drain();',
    replace: 'this.#drain();',
    breaks: /an event submitted from within an effect waits until the step is over/,
  },
  {
    id: 'D08',
    bug: 'a core that answers itself keeps the event loop for ever',
    file: driver,
    find: 'if (steps === this.#options.limits.stepsPerTurnMax) {',
    replace: 'if (steps === 1_000_000) {',
    breaks: /leaves the event loop its turns/,
  },
  {
    id: 'D09',
    bug: 'nothing holds submitted events back while effects pile up',
    file: driver,
    find: 'if (this.effectsInFlight >= this.#options.limits.effectsInFlightMax) return undefined;',
    replace: '',
    breaks: /submitted events wait while the effects in flight are at their limit/,
  },
  {
    id: 'D10',
    bug: 'every fault after the first is reported too',
    file: driver,
    find: "  #fail(fault: unknown): void {\n    if (this.#state !== 'open') return;",
    replace: '  #fail(fault: unknown): void {',
    breaks: /a rejected effect is reported once and nothing follows it/,
  },
  {
    id: 'D11',
    bug: 'stop resolves while effects still run',
    file: driver,
    find: 'if (this.#effectsRunning === 0) return Promise.resolve();',
    replace: 'if (this.#effectsRunning >= 0) return Promise.resolve();',
    breaks: /hears when all effects have ended|settles when running effects have ended/,
  },
  {
    id: 'D12',
    bug: 'a stopped driver performs what waits in its lanes',
    file: driver,
    find: 'for (const lane of this.#lanes.values()) lane.waiting?.clear();',
    replace: '',
    breaks: /performs nothing more of that lane/,
  },
  {
    id: 'D13',
    bug: 'a queue takes one item more than it may',
    file: queue,
    find: 'if (this.#length === this.#itemsMax)',
    replace: 'if (this.#length > this.#itemsMax)',
    breaks: /up to its bound/,
  },
  {
    id: 'D14',
    bug: 'a queue that grows while wrapped mixes up its items',
    file: queue,
    find: 'larger[at] = this.#slots[(this.#head + at) % this.#slots.length]',
    replace: 'larger[at] = this.#slots[at]',
    breaks: /grows while its ring is wrapped keeps its order|gives back in order/,
  },
  {
    id: 'D15',
    bug: 'a queue keeps alive what has left it',
    file: queue,
    find: 'this.#slots[this.#head] = undefined;',
    replace: '',
    breaks: /what has left a queue is not kept alive by it/,
  },
];

export const driveMutants: readonly Mutant[] = plans.map((plan) => ({
  ...plan,
  tests: plan.file === driver ? ['test/drive/driver.test.ts'] : ['test/base/ring-queue.test.ts'],
}));
