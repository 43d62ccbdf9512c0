/**
 * Time, as something that is handed in.
 */

export interface Clock {
  /** Milliseconds since an arbitrary moment of this process; never goes back. For every interval and deadline. */
  monotonicMs(): number;
  /** Milliseconds since 1970. May jump by years in either direction: for timestamps only, never for a decision. */
  wallMs(): number;
  /** Calls `action` once, not before `delayMs` have passed; 0 means in a later turn. */
  callAfterMs(delayMs: number, action: () => void): Timer;
  /** Calls `action` once, after everything that is already waiting to run in this turn. For batching. */
  callSoon(action: () => void): void;
}

export interface Timer {
  /** Harmless after the action ran. */
  cancel(): void;
}

/** For code that waits. The core of a subsystem gets time as an event instead. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.callAfterMs(delayMs, resolve);
  });
}
