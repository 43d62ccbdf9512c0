import { describe, expect, test } from 'vitest';
import type { Network } from '../../src/ports/stream.ts';
import { streamCases } from './stream.ts';
import { networkWithBug, type PlantedBug, streamBugs } from './stream-bugs.ts';
import { grpcFixture } from './stream-grpc-fixture.ts';
import { playCase } from './stream-stage.ts';

/** Whether the promise that the bug breaks is kept all the same. */
async function isKept(bug: PlantedBug, untilMsMax: number): Promise<boolean> {
  const broken = streamCases.find(({ promise }) => promise === bug.breaks);
  if (broken === undefined) throw new Error(`no case has the promise "${bug.breaks}"`);
  const fixture = await grpcFixture(untilMsMax);
  const network = (process: string): Network => networkWithBug(fixture.network(process), bug);
  return playCase(broken, { ...fixture, network }).then(
    () => true,
    () => false,
  );
}

describe('the stream suite', () => {
  for (const bug of streamBugs) {
    test.concurrent(`catches a network that ${bug.name}`, async () => {
      expect(await isKept(bug, 2000)).toBe(false);
    });
    test.concurrent(`passes where no bug ${bug.name}`, async () => {
      expect(await isKept({ ...bug, tamper: () => ({}) }, 10_000)).toBe(true);
    });
  }
});
