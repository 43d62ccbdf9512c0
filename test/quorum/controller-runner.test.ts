import { expect, test } from 'vitest';
import type { MetadataRequest } from '../../src/metadata/metadata-command.ts';
import { SimulatedQuorum } from './simulated-quorum.ts';

function retention(requestId: string, value: string): MetadataRequest {
  const configs = [{ name: 'retention.ms', value }];
  return {
    requestId,
    command: { type: 'update-configs', resource: { scope: 'cluster' }, configs, validateOnly: false },
  };
}

test('a batch that finds no room takes back what was decided on it, and all of it can be asked for again', async () => {
  const quorum = new SimulatedQuorum({ voters: 1, raftLimits: { uncommittedBytesMax: 150 } });
  quorum.start();
  await quorum.untilLeader();
  const node = quorum.node(1);
  await quorum.until(() => node.machine?.image.batchCount === 1);
  const long = 'x'.repeat(64);
  const ask = async (...requests: readonly MetadataRequest[]): Promise<readonly string[]> => {
    const outcomes: string[] = [];
    node.process.run(() => {
      for (const request of requests)
        void node.metadata?.request(request, 1000).then((reply) => {
          outcomes.push(`${request.requestId} ${reply.type === 'not-served' ? reply.problem.type : reply.type}`);
        });
    });
    await quorum.until(() => outcomes.length === requests.length);
    return outcomes.toSorted();
  };
  const asked = [retention('first', '1'), retention(long, '2'), retention('third', '3')];
  expect(await ask(...asked)).toEqual(['first done', 'third limit-reached', `${long} limit-reached`]);
  // The no-op, the founding, the first; and the third, which is in the log and counts for nothing.
  await quorum.until(() => node.machine?.image.revision === 4);
  expect(node.machine?.image.batchCount).toBe(2);
  for (const request of asked) expect(await ask(request)).toEqual([`${request.requestId} done`]);
  expect([...(node.machine?.image.configs.get('cluster') ?? [])]).toEqual([['retention.ms', '3']]);
});
