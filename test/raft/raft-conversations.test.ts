/**
 * Six conversations, recorded for reading: the files in conversations/ tell Raft as a story. A change of any message
 * shows as a change of a file; take a new one over (vitest -u) only when you can say why each line is as it is.
 */
import { expect, test } from 'vitest';
import { Conversation } from './conversation.ts';
import { TestCluster, testVoter, type TestClusterOptions } from './test-cluster.ts';

function recorded(options: TestClusterOptions): { cluster: TestCluster; conversation: Conversation } {
  const conversation = new Conversation();
  const cluster = new TestCluster({ ...options, observe: conversation.observe });
  return { cluster, conversation };
}

test('an election and the first command, as recorded', async () => {
  const { cluster, conversation } = recorded({ voters: 3 });
  conversation.say('1 hears nothing for an election timeout');
  const leader = cluster.elect(1);
  conversation.say('a client sends a command');
  cluster.propose(leader, 'hello');
  cluster.deliverAll();
  await expect(conversation.toString()).toMatchFileSnapshot('conversations/election-and-first-command.txt');
});

test('a log that went its own way is put right, as recorded', async () => {
  const logs = { 1: { terms: [1, 1, 4, 4] }, 2: { terms: [1, 1, 4, 4] }, 3: { terms: [1, 1, 2, 2, 3], atTerm: 4 } };
  const { cluster, conversation } = recorded({ voters: 3, logs });
  conversation.say('1 and 2 hold 1,1,4,4; 3 holds 1,1,2,2,3; 1 is elected');
  cluster.elect(1);
  await expect(conversation.toString()).toMatchFileSnapshot('conversations/log-repair.txt');
});

test('a voter that comes back without unseating the leader, as recorded', async () => {
  const { cluster, conversation } = recorded({ voters: 3 });
  const leader = cluster.elect(1);
  conversation.skip();
  conversation.say('3 is cut off, and its election timer runs out');
  cluster.isolate(3);
  cluster.propose(leader, 'missed by 3');
  cluster.deliverAll();
  cluster.timeOut(3);
  cluster.heartbeat();
  conversation.say('3 can be reached again, and asks once more');
  cluster.heal();
  cluster.timeOut(3);
  cluster.deliverAll();
  cluster.heartbeat();
  await expect(conversation.toString()).toMatchFileSnapshot('conversations/return-of-a-lost-voter.txt');
});

test('a write that completes after its entries were replaced, as recorded', async () => {
  const { cluster, conversation } = recorded({ voters: 5 });
  cluster.elect(1);
  conversation.skip();
  const slow = cluster.voter(3);
  slow.isDiskFast = false;
  conversation.say('1 brings a command to 3 alone, whose disk is slow');
  for (const id of [2, 4, 5]) cluster.cutLink(1, id);
  cluster.propose(cluster.voter(1), 'short-lived');
  cluster.deliverAll();
  conversation.say('1 is cut off, and 2 is elected by 4 and 5');
  cluster.isolate(1);
  cluster.elect(2);
  conversation.say('the disk of 3 finishes, write by write');
  while (slow.work.length > 0) {
    slow.completeWork();
    cluster.deliverAll();
  }
  await expect(conversation.toString()).toMatchFileSnapshot('conversations/slow-disk.txt');
});

test('a snapshot for a follower behind the log, as recorded', async () => {
  const { cluster, conversation } = recorded({ voters: 3, limits: { snapshotChunkBytesMax: 16 } });
  const leader = cluster.elect(1);
  conversation.skip();
  conversation.say('3 is away while three commands are committed and compacted');
  cluster.isolate(3);
  for (const command of ['first', 'second', 'third']) cluster.propose(leader, command);
  cluster.deliverAll();
  leader.compact();
  conversation.say('3 is back');
  cluster.heal();
  cluster.heartbeat();
  await expect(conversation.toString()).toMatchFileSnapshot('conversations/snapshot.txt');
});

test('a voter joins, and the leader leaves, as recorded', async () => {
  const { cluster, conversation } = recorded({ voters: 3 });
  const leader = cluster.elect(1);
  conversation.skip();
  conversation.say('4 is to become a voter');
  cluster.add(testVoter(4));
  cluster.changeVoters(leader, { type: 'add', voter: testVoter(4) });
  cluster.deliverAll();
  cluster.heartbeat();
  conversation.say('1 is to leave');
  cluster.changeVoters(leader, { type: 'remove', ...testVoter(1) });
  cluster.deliverAll();
  await expect(conversation.toString()).toMatchFileSnapshot('conversations/change-of-voters.txt');
});
