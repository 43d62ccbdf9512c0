import { expect, test } from 'vitest';
import { logIndex } from '../../src/base/raft-position.ts';
import { SimulatedQuorum } from './simulated-quorum.ts';

test('who waits for a revision gets an image with it, or is told how far the node is', async () => {
  const quorum = new SimulatedQuorum({ voters: 1 });
  quorum.start();
  await quorum.untilLeader();
  const node = quorum.node(1);
  await quorum.count(node, 'a');
  const at = node.machine?.image.revision ?? 0;
  const told: string[] = [];
  const wait = (revision: number, waitMs: number): void => {
    node.process.run(() => {
      void node.metadata?.untilRevision(logIndex(revision), waitMs).then((outcome) => {
        told.push(outcome.ok ? `${revision} at ${outcome.value.revision}` : `${revision} ${outcome.problem.type}`);
      });
    });
  };
  wait(at, 0);
  wait(at + 1, 60_000);
  wait(at + 2, 50);
  wait(at + 3, 0);
  await quorum.pass(100);
  expect(told).toEqual([`${at} at ${at}`, `${at + 3} behind`, `${at + 2} behind`]);
  await quorum.count(node, 'b');
  await quorum.until(() => told.length === 4);
  expect(told.at(-1)).toBe(`${at + 1} at ${at + 1}`);
  wait(at + 9, 60_000);
  node.process.run(() => {
    node.metadata?.close();
  });
  await quorum.until(() => told.length === 5);
  expect(told.at(-1)).toBe(`${at + 9} stopping`);
});
