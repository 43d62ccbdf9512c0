/**
 * Commands that change the cluster: what they ask for, what they refuse, and what they say when something is wrong.
 */
import { describe, expect, test } from 'vitest';
import { CliError } from '../../src/cli/cli-error.ts';
import { clusterHealth } from '../../src/cli/cluster-command.ts';
import { setConfigs, showConfigs, unsetConfigs } from '../../src/cli/config-command.ts';
import { removeVoter } from '../../src/cli/quorum-change-command.ts';
import { runShell } from '../../src/cli/shell-command.ts';
import { alterTopic, createTopic, deleteTopic, describeTopic } from '../../src/cli/topic-command.ts';
import { SimulatedCluster, smallCluster, type Ran } from './simulated-cluster.ts';

function failureOf({ failure }: Ran): CliError['failure'] {
  if (failure instanceof CliError) return failure.failure;
  throw new Error('the command failed as commands do', { cause: failure });
}

function topicNames({ controller }: SimulatedCluster): string[] {
  return [...controller.image.topicIdsByName.keys()];
}

describe('topic', () => {
  test('create makes what is asked for', async () => {
    const cluster = await smallCluster();
    const options = {
      partitions: '2',
      config: ['retention.ms=1000', 'cleanup.policy=compact'],
      assignment: ['1,2', '2,1'],
    };
    const { stdout, failure } = await cluster.run((context) => createTopic(context, 'carts', options));
    expect([stdout, failure]).toEqual(['topic carts created: 2 partitions on 2 brokers each\n', undefined]);
    expect(cluster.controller.requests.at(-1)?.command).toMatchObject({
      name: 'carts',
      partitionCount: 2,
      assignments: [
        [1, 2],
        [2, 1],
      ],
      configs: [
        { name: 'cleanup.policy', value: 'compact' },
        { name: 'retention.ms', value: '1000' },
      ],
    });
  });

  test('create without brokers fails as a conflict, and says what next', async () => {
    const cluster = new SimulatedCluster();
    await cluster.start();
    const failure = failureOf(await cluster.run((context) => createTopic(context, 'carts', {})));
    expect(failure).toMatchObject({ exit: 'conflict', reason: 'INVALID_REPLICATION_FACTOR' });
    expect(failure.message).toContain('start more brokers');
  });

  test('a mistyped topic is answered with the nearest one', async () => {
    const cluster = await smallCluster();
    const failure = failureOf(await cluster.run((context) => describeTopic(context, 'odrers')));
    expect(failure).toMatchObject({ exit: 'not-found', reason: 'UNKNOWN_TOPIC', hint: 'did you mean orders?' });
  });

  test('alter refuses to do nothing', async () => {
    const cluster = await smallCluster();
    expect(failureOf(await cluster.run((context) => alterTopic(context, 'orders', {}))).exit).toBe('usage');
  });

  test('alter is refused when the topic has changed since it was looked at', async () => {
    const cluster = await smallCluster();
    const options = { partitions: '6', expectRevision: '1' };
    const failure = failureOf(await cluster.run((context) => alterTopic(context, 'orders', options)));
    expect(failure).toMatchObject({ exit: 'conflict', reason: 'REVISION_CONFLICT' });
  });

  test('delete asks whoever sits there to type the name, and takes nothing else for it', async () => {
    const cluster = await smallCluster();
    const refused = await cluster.run((context) => deleteTopic(context, 'orders', {}), { typed: ['yes'] });
    expect(failureOf(refused)).toMatchObject({ exit: 'failed', hint: '--yes does not ask' });
    expect(refused.prompts).toEqual(['To delete topic orders, type orders: ']);
    expect(topicNames(cluster)).toEqual(['clicks', 'orders']);
    await cluster.run((context) => deleteTopic(context, 'orders', {}), { typed: ['orders'] });
    expect(topicNames(cluster)).toEqual(['clicks']);
  });

  test('delete does not ask where nobody sits, nor when it is told so, nor when it only checks', async () => {
    const cluster = await smallCluster();
    for (const [options, typed] of [
      [{ dryRun: true }, []],
      [{ yes: true }, []],
    ] as const)
      expect((await cluster.run((context) => deleteTopic(context, 'orders', options), { typed })).prompts).toEqual([]);
    expect(topicNames(cluster)).toEqual(['clicks']);
    const { stdout } = await cluster.run((context) => deleteTopic(context, 'clicks', {}));
    expect(stdout).toBe('topic clicks deleted\n');
  });

  test.each([
    [{ partitions: 'many' }, '--partitions is "many"'],
    [{ replicationFactor: '-1' }, '--replication-factor is "-1"'],
    [{ config: ['retention.ms'] }, '--config is "retention.ms", which is not name=value'],
    [{ assignment: ['1,x'] }, '--assignment is "x"'],
    [{ assignment: ['0'] }, '--assignment is 0'],
  ])('create with %j is misuse, and nobody is asked', async (options, message) => {
    const cluster = await smallCluster();
    const failure = failureOf(await cluster.run((context) => createTopic(context, 'carts', options)));
    expect(failure.exit).toBe('usage');
    expect(failure.message).toContain(message);
    expect(cluster.controller.requests).toEqual([]);
  });

  test('a change is asked for under one request id, whichever node takes it', async () => {
    const cluster = await smallCluster();
    const brokers = ['n1:9999', 'n1:7081'];
    const ran = await cluster.run((context) => createTopic(context, 'carts', {}), { brokers });
    expect(ran.failure).toBeUndefined();
    expect(cluster.controller.requests.at(-1)?.requestId).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('cluster', () => {
  test('config set and unset change the value, and get shows where it comes from', async () => {
    const cluster = await smallCluster();
    const shown = async (): Promise<unknown> => {
      const { stdout } = await cluster.run((context) => showConfigs(context, ['retention.ms'], {}), { output: 'json' });
      return JSON.parse(stdout);
    };
    const set = await cluster.run((context) => setConfigs(context, ['retention.ms=1000'], {}));
    expect(set.stdout).toBe('cluster: set retention.ms=1000\n');
    expect(await shown()).toMatchObject([{ value: '1000', source: 'cluster' }]);
    await cluster.run((context) => unsetConfigs(context, ['retention.ms'], {}));
    expect(await shown()).toMatchObject([{ source: 'default' }]);
  });

  test('config refuses two resources at once', async () => {
    const cluster = await smallCluster();
    const failure = failureOf(await cluster.run((context) => showConfigs(context, [], { topic: 'a', broker: '1' })));
    expect(failure.exit).toBe('usage');
  });

  test('health fails when something does not work, after it has said what', async () => {
    const cluster = await smallCluster();
    const well = await cluster.run((context) => clusterHealth(context, undefined));
    expect(well.failure).toBeUndefined();
    expect(well.stdout).toContain('WARNING BROKER_FENCED');
    cluster.quorum = { ...cluster.quorum, leaderId: undefined };
    const ill = await cluster.run((context) => clusterHealth(context, undefined));
    expect(failureOf(ill).exit).toBe('failed');
    expect(ill.stdout).toContain('CRITICAL NO_LEADER');
    expect(ill.stdout).toContain('next: ');
  });
});

describe('quorum', () => {
  test('remove takes the voter that the quorum knows by that number, once its number is typed', async () => {
    const cluster = await smallCluster();
    const { prompts } = await cluster.run((context) => removeVoter(context, '3', {}), { typed: ['3'] });
    expect(prompts).toEqual(['To take voter 3 out of the quorum, type 3: ']);
    const change = { type: 'remove', voterId: 3, directoryId: '3'.repeat(32) };
    expect(cluster.asked).toEqual([{ type: 'change-voters', change }]);
    const unknown = failureOf(await cluster.run((context) => removeVoter(context, '9', { yes: true })));
    expect(unknown).toMatchObject({ exit: 'not-found', message: 'the quorum has no voter 9; it has 1, 2, 3' });
  });

  test('shell goes through the tree line by line, and goes on after a mistake', async () => {
    const cluster = await smallCluster();
    const typed = ['ls', 'cd topics', 'ls', 'pwd', 'cat ordres', 'cat orders', 'cd ..', 'lss', '', 'exit', 'ls'];
    const { stdout, stderr, prompts, failure } = await cluster.run((context) => runShell(context, []), { typed });
    expect(failure).toBeUndefined();
    expect(stdout).toContain('brokers\ncluster\nconfigs\nfeatures\nquorum\nrecords\ntopics\n');
    expect(stdout).toContain('clicks\norders\n/topics\n{\n  "name": "orders"');
    expect(stderr).toContain('there is no ordres in /topics; did you mean orders?');
    expect(stderr).toContain('there is no lss; did you mean ls?');
    expect(prompts.at(-1)).toBe('odradek /> ');
    expect(prompts).toHaveLength(10);
  });

  test.each([
    ['/cluster', 'clusterId'],
    ['/quorum', 'voters'],
    ['/brokers/3', '"state": "fenced"'],
    ['/topics/orders/2', '"partition": 2'],
    ['/configs/cluster', 'retention.ms'],
    ['/configs/topics/orders', '"source": "topic"'],
    ['/features/metadata', '"level": 1'],
  ])('shell cat %s shows it', async (path, part) => {
    const cluster = await smallCluster();
    const { stdout, failure } = await cluster.run((context) => runShell(context, ['cat', path]));
    expect(failure).toBeUndefined();
    expect(stdout).toContain(part);
  });

  test.each([
    [['cat', '/topics'], 'usage', '/topics is a folder'],
    [['cat', '/topics/nope'], 'not-found', 'there is no nope in /topics'],
    [['ls', '/brokers/99'], 'not-found', 'there is no 99 in /brokers'],
    [['cat', 'a', 'b'], 'usage', 'takes one path'],
    [['rm', '/topics/orders'], 'usage', 'there is no rm'],
  ])('shell %j fails once and ends', async (words, exit, message) => {
    const cluster = await smallCluster();
    const failure = failureOf(await cluster.run((context) => runShell(context, words)));
    expect(failure.exit).toBe(exit);
    expect(failure.message).toContain(message);
  });
});
