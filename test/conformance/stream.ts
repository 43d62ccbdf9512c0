/**
 * Every promise of ports/stream.ts as a case that runs on the real and on the simulated network.
 *
 * The cases are a list, so that a test can also run them on networks with a planted bug and expect them to fail.
 * Read next: stream-stage.ts (what a fixture gives), then the cases by theme.
 */
import { describe, test } from 'vitest';
import { creditCases } from './stream-cases-credit.ts';
import { endingCases } from './stream-cases-endings.ts';
import { messageCases } from './stream-cases-messages.ts';
import { networkCases } from './stream-cases-network.ts';
import { playCase, type StreamCase, type StreamFixture } from './stream-stage.ts';

export { conformanceLimits, type StreamFixture } from './stream-stage.ts';

export const streamCases: readonly StreamCase[] = [...messageCases, ...creditCases, ...endingCases, ...networkCases];

/** `makeFixture` is called once per case and gives a network with `conformanceLimits`. */
export function streamConformance(name: string, makeFixture: () => Promise<StreamFixture>): void {
  describe(`streams of the ${name} network`, () => {
    for (const streamCase of streamCases)
      test(streamCase.promise, async () => {
        await playCase(streamCase, await makeFixture());
      });
  });
}
