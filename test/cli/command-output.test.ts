/**
 * What every command that asks the cluster prints, in every format, held against a file: a change of it is a change that
 * somebody's script may depend on.
 */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { describeBroker, listBrokers } from '../../src/cli/broker-command.ts';
import { clusterHealth, clusterInfo } from '../../src/cli/cluster-command.ts';
import type { CommandContext } from '../../src/cli/command-context.ts';
import { outputFormats } from '../../src/cli/command-options.ts';
import { explainConfigs, setConfigs, showConfigs, unsetConfigs } from '../../src/cli/config-command.ts';
import { listFeatures, moveFeature } from '../../src/cli/feature-command.ts';
import { addVoter, removeVoter, transferLeadership } from '../../src/cli/quorum-change-command.ts';
import { printQuorumStatus } from '../../src/cli/quorum-status-command.ts';
import { runShell } from '../../src/cli/shell-command.ts';
import { alterTopic, createTopic, deleteTopic, describeTopic, listTopics } from '../../src/cli/topic-command.ts';
import { smallCluster } from './simulated-cluster.ts';

type Run = (context: CommandContext) => Promise<void>;

const dryRun = true;
const newVoter = { directory: 'd'.repeat(32), peer: 'n4:7181', api: 'n4:7081' };

/** In this order: each sees what the ones before it did. */
const commands: readonly (readonly [words: string, run: Run])[] = [
  ['topic list', (context) => listTopics(context)],
  ['topic describe orders', (context) => describeTopic(context, 'orders')],
  [
    'topic create carts --partitions 2 --dry-run',
    (context) => createTopic(context, 'carts', { partitions: '2', dryRun }),
  ],
  [
    'topic alter orders --partitions 4 --dry-run',
    (context) => alterTopic(context, 'orders', { partitions: '4', dryRun }),
  ],
  ['topic delete orders --dry-run', (context) => deleteTopic(context, 'orders', { dryRun })],
  ['topic delete carts --if-exists --yes', (context) => deleteTopic(context, 'carts', { ifExists: true, yes: true })],
  ['broker list', (context) => listBrokers(context)],
  ['broker describe 3', (context) => describeBroker(context, '3')],
  ['cluster info', (context) => clusterInfo(context)],
  ['cluster health', (context) => clusterHealth(context, undefined)],
  ['cluster config list --topic orders', (context) => showConfigs(context, [], { topic: 'orders' })],
  ['cluster config get retention.ms', (context) => showConfigs(context, ['retention.ms'], {})],
  [
    'cluster config set retention.ms=1000 --dry-run',
    (context) => setConfigs(context, ['retention.ms=1000'], { dryRun }),
  ],
  ['cluster config unset retention.ms --dry-run', (context) => unsetConfigs(context, ['retention.ms'], { dryRun })],
  ['cluster config explain retention', (context) => explainConfigs(context, 'retention')],
  ['cluster features list', (context) => listFeatures(context)],
  [
    'cluster features upgrade metadata 1 --dry-run',
    (context) => moveFeature(context, ['metadata', '1'], { allowDowngrade: false, dryRun }),
  ],
  ['quorum status', (context) => printQuorumStatus(context, undefined)],
  [`quorum add 4 ...`, (context) => addVoter(context, '4', newVoter)],
  ['quorum remove 3 --yes', (context) => removeVoter(context, '3', { yes: true })],
  ['quorum transfer', (context) => transferLeadership(context, undefined)],
  ['quorum shell ls /topics', (context) => runShell(context, ['ls', '/topics'])],
  ['quorum shell cat /topics/orders/0', (context) => runShell(context, ['cat', '/topics/orders/0'])],
];

test('every command prints the same as before, in every format', async () => {
  const cluster = await smallCluster();
  const printed: string[] = [];
  for (const [words, run] of commands) {
    for (const output of outputFormats) {
      const { stdout, stderr, failure } = await cluster.run(run, { output });
      expect(failure, `${words} -o ${output}`).toBeUndefined();
      printed.push(`$ odradek -o ${output} ${words}\n${stdout}${stderr}`);
    }
  }
  await expect(printed.join('\n')).toMatchFileSnapshot('command-output.txt');
});

test.each(commands)('%s is the same data as json, as lines of it, and as yaml', async (_words, run) => {
  const cluster = await smallCluster();
  const asJson = await cluster.run(run, { output: 'json' });
  const data: unknown = JSON.parse(asJson.stdout);
  expect(asJson.stdout.trimEnd().split('\n')).toHaveLength(1);
  const asYaml = await cluster.run(run, { output: 'yaml' });
  const withoutRevisions = (value: unknown): string => JSON.stringify(value).replaceAll(/"metadataRevision":\d+/g, '');
  expect(withoutRevisions(parse(asYaml.stdout))).toBe(withoutRevisions(data));
  const asLines = await cluster.run(run, { output: 'ndjson' });
  const lines = asLines.stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(withoutRevisions(Array.isArray(data) && lines.length > 1 ? lines : lines[0])).toBe(
    withoutRevisions(Array.isArray(data) && lines.length === 1 && !Array.isArray(lines[0]) ? data[0] : data),
  );
});

test('an empty list is an empty list to programs, and a sentence to people', async () => {
  const { SimulatedCluster } = await import('./simulated-cluster.ts');
  const cluster = new SimulatedCluster();
  await cluster.start();
  expect((await cluster.run(listTopics, { output: 'json' })).stdout).toBe('[]\n');
  expect((await cluster.run(listTopics, { output: 'yaml' })).stdout).toBe('[]\n');
  expect((await cluster.run(listTopics, { output: 'ndjson' })).stdout).toBe('');
  const forPeople = await cluster.run(listTopics);
  expect([forPeople.stdout, forPeople.stderr]).toEqual([
    '',
    'there is no topic; make one with: odradek topic create NAME\n',
  ]);
});
