/**
 * Catches simulated code that reaches past its ports for the time, chance or timers of the real world.
 *
 * The linter and test/tidy.test.ts look at our sources; this looks at what really runs, dependencies and users'
 * own code included. While armed, the trapped globals throw; disarmed they work as ever, so that a test runner
 * in the same process keeps its timers. The simulation arms it for exactly the moments in which simulated code
 * runs. queueMicrotask and process.nextTick stay free: their order is fixed, so they do no harm.
 */
// tidy: ambient: it names the globals in order to take them away
import { assert } from '../base/assert.ts';

export interface AmbientTrap {
  armed: boolean;
  /** Puts everything back. */
  remove(): void;
}

/** Each is an object that everybody shares, and a function on it that answers differently in every run. */
const trapped: readonly (readonly [owner: object, ownerName: string, functionName: string])[] = [
  [globalThis, '', 'setTimeout'],
  [globalThis, '', 'setInterval'],
  [globalThis, '', 'setImmediate'],
  [globalThis, '', 'fetch'],
  [Date, 'Date.', 'now'],
  [Math, 'Math.', 'random'],
  [AbortSignal, 'AbortSignal.', 'timeout'],
  [globalThis.performance, 'performance.', 'now'],
  [globalThis.process.hrtime, 'process.hrtime.', 'bigint'],
  [globalThis.process, 'process.', 'hrtime'],
  [globalThis.crypto, 'crypto.', 'getRandomValues'],
  [globalThis.crypto, 'crypto.', 'randomUUID'],
];

let isSet = false;

/** `onTouch` hears of every touch, because the code that is caught may also catch what is thrown at it. */
export function setAmbientTrap(onTouch: (what: string) => void): AmbientTrap {
  assert(!isSet, 'one simulation runs at a time in one thread: its trap is set on globals');
  isSet = true;
  const trap: AmbientTrap = { armed: false, remove };
  const touch = (what: string): void => {
    if (!trap.armed) return;
    onTouch(what);
    throw new TypeError(`${what} was used under simulation: take time, chance and timers from the ports`);
  };
  const undo = [
    trapDate(touch),
    ...trapped.map(([owner, ownerName, functionName]) => trapFunction(owner, functionName, ownerName, touch)),
  ];
  return trap;

  function remove(): void {
    for (const putBack of undo) putBack();
    isSet = false;
  }
}

type Undo = () => void;

function trapFunction(owner: object, name: string, ownerName: string, touch: (what: string) => void): Undo {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  const original: unknown = Reflect.get(owner, name);
  assert(typeof original === 'function', 'what is trapped is a function', { name });
  const replacement = new Proxy(original, {
    apply(target, self: unknown, values: unknown[]): unknown {
      touch(`${ownerName}${name}`);
      return Reflect.apply(target, self, values);
    },
  });
  return define(owner, name, before, replacement);
}

/** `new Date(ms)` only formats and stays free; without an argument it asks for the time. */
function trapDate(touch: (what: string) => void): Undo {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Date');
  const replacement = new Proxy(Date, {
    construct(target, values: unknown[], newTarget): object {
      if (values.length === 0) touch('new Date()');
      return Reflect.construct(target, values, newTarget) as object;
    },
    apply(target, self: unknown, values: unknown[]): unknown {
      touch('Date()');
      return Reflect.apply(target, self, values);
    },
  });
  return define(globalThis, 'Date', before, replacement);
}

function define(owner: object, name: string, before: PropertyDescriptor | undefined, value: unknown): Undo {
  Object.defineProperty(owner, name, { configurable: true, enumerable: true, writable: true, value });
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, before);
  };
}
