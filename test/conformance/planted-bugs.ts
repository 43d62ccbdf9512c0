/**
 * Runs the cases of a suite against an implementation with a planted bug, to see which of them notice.
 */

export interface RunnableCase<Fixture> {
  readonly promise: string;
  readonly run: (fixture: Fixture) => Promise<void>;
}

export interface BugHunt<Fixture> {
  readonly cases: readonly RunnableCase<Fixture>[];
  /** Called anew for each case. */
  readonly fixtures: readonly (() => Promise<Fixture>)[];
}

/** The first promise whose case fails, on any of the fixtures. */
export async function findBrokenPromise<Fixture>({ cases, fixtures }: BugHunt<Fixture>): Promise<string | undefined> {
  for (const { promise, run } of cases)
    for (const makeFixture of fixtures) {
      const failed = await run(await makeFixture()).then(
        () => false,
        () => true,
      );
      if (failed) return promise;
    }
  return undefined;
}

/** One line a bug for the reader of the test run. */
export function printCatch(suite: string, bug: string, promise: string | undefined): void {
  process.stdout.write(`${suite} | ${bug} | ${promise ?? 'NOT CAUGHT'}\n`);
}
