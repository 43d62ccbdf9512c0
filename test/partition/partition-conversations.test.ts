/**
 * Conversations recorded for reading: the files in conversations/ tell replication as a story. A change of any message
 * shows as a change of a file; take a new one over (vitest -u) only when you can say why each line is as it is.
 */
import { expect, test } from 'vitest';
import { offset } from '../../src/base/offsets.ts';
import { PartitionConversation } from './partition-conversation.ts';
import { TestCluster, type TestClusterOptions } from './test-cluster.ts';

function recorded(options: TestClusterOptions): { cluster: TestCluster; conversation: PartitionConversation } {
  const conversation = new PartitionConversation();
  const cluster = TestCluster.settled({ ...options, observe: conversation.observe });
  conversation.skip();
  return { cluster, conversation };
}

test('a batch on its way from a producer to a waiting consumer, as recorded', async () => {
  const { cluster, conversation } = recorded({ replicas: 3 });
  conversation.say('a consumer waits at the end, and a producer sends a batch');
  cluster.fetch(cluster.leader(), offset(0), { deadlineMs: 5000 });
  cluster.produce(cluster.leader(), 'hello');
  cluster.deliverAll();
  await expect(conversation.toString()).toMatchFileSnapshot('conversations/batch.txt');
});

test('a former leader whose log went its own way, as recorded', async () => {
  const { cluster, conversation } = recorded({ replicas: 3 });
  cluster.write('shared');
  cluster.isolate(1);
  cluster.produce(cluster.replica(1), 'lost', { deadlineMs: 100 });
  conversation.skip();
  conversation.say('1 appended a batch that nobody else has; 2 is elected');
  cluster.moveLeader(2);
  conversation.say('1 can be reached again');
  cluster.heal();
  cluster.run(1000);
  await expect(conversation.toString()).toMatchFileSnapshot('conversations/log-repair.txt');
});

test('a follower that leaves the in-sync set and comes back, as recorded', async () => {
  const { cluster, conversation } = recorded({ replicas: 2, inSyncMin: 1 });
  conversation.say('2 is cut off, and a batch waits for it');
  cluster.isolate(2);
  cluster.produce(cluster.leader(), 'waits');
  cluster.run(10_500, 500);
  conversation.say('2 can be reached again');
  cluster.heal();
  cluster.run(1000, 500);
  await expect(conversation.toString()).toMatchFileSnapshot('conversations/in-sync-set.txt');
});
