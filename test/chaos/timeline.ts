/**
 * Lines with the time since the beginning, and how busy the machine was: whether this program itself got its turn.
 */
export class Timeline {
  readonly #startedMs = performance.now();
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  get nowMs(): number {
    return performance.now() - this.#startedMs;
  }

  say(line: string): void {
    this.sayAt(this.nowMs, line);
  }

  sayAt(atMs: number, line: string): void {
    this.#say(`${(atMs / 1000).toFixed(1).padStart(6)} s  ${line}`);
  }
}
