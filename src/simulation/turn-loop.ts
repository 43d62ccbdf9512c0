/**
 * Runs turn after turn and lets every promise callback of a turn finish before the next begins.
 *
 * Node empties the queue of promise callbacks between two immediates. So a batch of immediates, queued at once,
 * is a row of turns with nothing of the real world between them, at a fraction of what one trip around the real
 * event loop per turn would cost. The last immediate of a batch runs no turn: when it starts, the promise
 * callbacks of the last turn are done, and the real world may have its say.
 */

/** Real input is looked at between batches; 256 turns take about a millisecond. */
const turnsPerBatch = 256;
// tidy: ambient: the one real turn that every virtual one stands on
const laterInThisLoop = setImmediate;

export interface TurnLoop {
  /** Runs one turn; false ends the loop, after the promise callbacks of that turn. Must not throw. */
  turn(): boolean;
  /** Simulated code runs from now on. */
  onBatchStart(): void;
  /** No simulated code runs until the next batch. */
  onBatchEnd(): void;
}

export function runTurns(loop: TurnLoop): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let fault: { readonly thrown: unknown } | undefined;

    const runOne = (): void => {
      if (isOver) return;
      try {
        isOver = !loop.turn();
      } catch (thrown) {
        isOver = true;
        fault = { thrown };
      }
    };
    const endBatch = (): void => {
      loop.onBatchEnd();
      if (!isOver) queueBatch();
      else if (fault === undefined) resolve();
      else reject(fault.thrown);
    };
    const queueBatch = (): void => {
      laterInThisLoop(() => {
        loop.onBatchStart();
        runOne();
      });
      for (let turn = 1; turn < turnsPerBatch; turn += 1) laterInThisLoop(runOne);
      laterInThisLoop(endBatch);
    };
    queueBatch();
  });
}
