/**
 * The signals that end a command which serves until it is told to stop.
 *
 * The first SIGTERM or SIGINT lets open calls end within the grace; a second one ends the process at once, as does the
 * first one before anything serves: nobody waits for it then, and whatever it was doing survives a crash.
 */

const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;
export type StopSignal = keyof typeof signalNumbers;

/** Catches signals from its making on; a process that is the first of its container would not hear them otherwise. */
export class StopSignals {
  readonly #first: Promise<StopSignal>;
  #resolve: ((signal: StopSignal) => void) | undefined;
  #isAwaited = false;

  constructor() {
    this.#first = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    process.on('SIGTERM', (signal) => this.#onSignal(signal as StopSignal));
    process.on('SIGINT', (signal) => this.#onSignal(signal as StopSignal));
  }

  /** Resolves for everybody who asks, however many parts there are to stop. */
  untilFirst(): Promise<StopSignal> {
    this.#isAwaited = true;
    return this.#first;
  }

  #onSignal(signal: StopSignal): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    if (resolve === undefined || !this.#isAwaited) process.exit(128 + signalNumbers[signal]);
    resolve(signal);
  }
}
