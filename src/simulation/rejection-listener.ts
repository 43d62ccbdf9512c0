/**
 * Hears of promises that are rejected and that nobody waits for, while a simulation runs.
 *
 * The real process would end by them, so a simulated one does too; which one, simulation.ts knows.
 */
// tidy: ambient: the only place to hear of a rejection that nobody handles is the process itself

/** Other listeners, such as the test runner's, hear nothing until the returned function is called. */
export function catchRejections(onRejection: (reason: unknown) => void): () => void {
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off('unhandledRejection', onRejection);
    for (const other of others) process.on('unhandledRejection', other);
  };
}
