/**
 * Removes for good what was set aside, after a while: whoever reads such a file may finish, and an operator who
 * notices a mistake has time to copy it.
 */
import type { FaultError } from '../base/fault-error.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { DiskError } from '../ports/disk.ts';
import type { LogFolder } from './log-folder.ts';
import { sortNames } from './log-inventory.ts';

interface RemovalOptions {
  readonly folder: LogFolder;
  readonly clock: Pick<Clock, 'callAfterMs'>;
  readonly onFault: (fault: FaultError) => void;
}

export class LogRemoval {
  readonly #options: RemovalOptions;
  #timer: Timer | undefined;
  #isAgain = false;

  constructor(options: RemovalOptions) {
    this.#options = options;
  }

  /** What is set aside by now goes after the delay; what is set aside while one waits goes a delay later. */
  schedule(delayMs: number): void {
    if (this.#timer !== undefined) {
      this.#isAgain = true;
      return;
    }
    const { folder, clock, onFault } = this.#options;
    const names = folder.disk.list(folder.path).then((found) => sortNames(found).deleted);
    // Heard when the time has come.
    names.catch(() => {});
    this.#timer = clock.callAfterMs(delayMs, () => {
      this.#timer = undefined;
      if (this.#isAgain) this.schedule(delayMs);
      this.#isAgain = false;
      // What could not be removed is found again by the next start; it is no part of the log.
      this.#remove(names).catch((cause: unknown) => {
        if (!(cause instanceof DiskError)) throw cause;
        onFault(cause);
      });
    });
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #remove(names: Promise<readonly string[]>): Promise<void> {
    const { disk, path } = this.#options.folder;
    for (const name of await names) await disk.removeFile(`${path}/${name}`);
  }
}
