/**
 * `quorum status` against simulated nodes: what people and programs read, and how each failure looks.
 */
import { expect, test } from 'vitest';
import { clusterId, directoryId, voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { ok, refused, type Result } from '../../src/base/result.ts';
import { allowAll } from '../../src/api/call-hooks.ts';
import type { ApiProblem } from '../../src/api/api-problem.ts';
import { quorumService } from '../../src/api/quorum-service.ts';
import { serviceTable } from '../../src/api/service-table.ts';
import type { CliError } from '../../src/cli/cli-error.ts';
import { printQuorumStatus } from '../../src/cli/quorum-status-command.ts';
import type { QuorumDescription } from '../../src/quorum/quorum-description.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { RecordedTerminal } from './recorded-terminal.ts';

const quorum: QuorumDescription = {
  clusterId: clusterId('0123456789abcdef0123456789abcdef'),
  voterId: voterId(2),
  leaderId: voterId(2),
  term: term(4),
  role: 'leader',
  firstIndex: logIndex(1),
  lastIndex: logIndex(120),
  commitIndex: logIndex(118),
  committedChain: 0x0badcafe,
  voters: [
    {
      voterId: voterId(1),
      directoryId: undefined,
      peerEndpoint: '127.0.0.1:7181',
      apiEndpoint: '127.0.0.1:7081',
      matchedIndex: logIndex(100),
      lastContactMs: 2500,
    },
    {
      voterId: voterId(2),
      directoryId: directoryId('ab'.repeat(16)),
      peerEndpoint: '127.0.0.1:7182',
      apiEndpoint: '127.0.0.1:7082',
      matchedIndex: logIndex(120),
      lastContactMs: 0,
    },
  ],
};

interface Ran {
  readonly stdout: string;
  readonly failure: unknown;
}

interface Scenario {
  readonly describe?: () => Result<QuorumDescription, ApiProblem>;
  readonly brokers?: readonly string[];
  readonly output?: 'table' | 'json';
  readonly repeatEveryMs?: number;
  readonly forMs?: number;
}

/** Node n1 answers at port 7081; the command runs on another machine. */
async function run(scenario: Scenario): Promise<Ran> {
  const { describe = () => ok(quorum), brokers = ['n1:7081'], output = 'table', repeatEveryMs, forMs } = scenario;
  const simulation = new Simulation({ seed: 7 });
  const terminal = new RecordedTerminal();
  let failure: unknown;
  simulation
    .addProcess('n1', async ({ network, clock, eventLog }) => {
      const host = { clock, eventLog, hooks: allowAll, listener: 'api', onBug: () => {}, callsOpenMax: 8 };
      await network.listen({
        endpoint: 'n1:7081',
        methods: serviceTable(
          [
            quorumService({
              describe,
              ask: () => expect.unreachable(),
              records: () => expect.unreachable(),
              image: () => expect.unreachable(),
            }),
          ],
          host,
        ),
      });
    })
    .start();
  await simulation.run({ untilMs: 10 });
  simulation
    .addProcess('cli', async ({ network, clock, random }) => {
      const options = { brokers, output, timeoutMs: 5000 };
      await printQuorumStatus({ terminal, network, clock, random, options }, repeatEveryMs).catch((error: unknown) => {
        failure = error;
      });
    })
    .start();
  await simulation.run({ untilMs: forMs ?? 60_000 });
  return { stdout: terminal.stdout, failure };
}

test('people read who leads, how far the log is, and how each voter does', async () => {
  const { stdout } = await run({});
  expect(stdout).toBe(
    [
      'cluster      0123456789abcdef0123456789abcdef',
      'leader       2 at 127.0.0.1:7082',
      'term         4',
      'committed    118 (log 1 to 120)',
      'chain        0badcafe',
      'answered by  voter 2 (leader) at n1:7081',
      '',
      'VOTER  ROLE    API             PEER            DURABLE TO  BEHIND       HEARD  DIRECTORY',
      '    1  voter   127.0.0.1:7081  127.0.0.1:7181         100      20  2500ms ago  -',
      `    2  leader  127.0.0.1:7082  127.0.0.1:7182         120       0     0ms ago  ${'ab'.repeat(16)}`,
      '',
    ].join('\n'),
  );
});

test('programs read the same keys whatever the state of the quorum', async () => {
  const { stdout } = await run({ output: 'json' });
  expect(JSON.parse(stdout)).toMatchObject({ leaderId: 2, term: 4, voters: [{ directoryId: null }, {}] });
  const leaderless = { ...quorum, leaderId: undefined, clusterId: undefined };
  const other = await run({ output: 'json', describe: () => ok(leaderless) });
  expect(JSON.parse(other.stdout)).toMatchObject({ leaderId: null, clusterId: null });
  expect(Object.keys(JSON.parse(other.stdout) as object)).toEqual(Object.keys(JSON.parse(stdout) as object));
});

test('a quorum without a leader is told, not hidden', async () => {
  const { stdout } = await run({ describe: () => ok({ ...quorum, leaderId: undefined, role: 'candidate' }) });
  expect(stdout).toContain('leader       none now');
  expect(stdout).toMatch(/2 {2}candidate/);
});

test('a voter that waits for the others says so', async () => {
  const { stdout } = await run({ describe: () => ok({ ...quorum, clusterId: undefined, voters: [] }) });
  expect(stdout).toContain('cluster      not chosen yet');
  expect(stdout).toContain('The voters have not found each other yet');
});

test('the next node is asked when one does not answer', async () => {
  const { stdout, failure } = await run({ brokers: ['n1:9999', 'n1:7081'] });
  expect(failure).toBeUndefined();
  expect(stdout).toContain('answered by  voter 2 (leader) at n1:7081');
});

test('when no node answers the error names them all and what to type next', async () => {
  const { failure } = await run({ brokers: ['n1:9998', 'n1:9999'] });
  expect((failure as CliError).failure).toMatchObject({ exit: 'unavailable' });
  expect((failure as CliError).message).toContain('no node answers at n1:9998, n1:9999');
  expect((failure as CliError).failure.hint).toContain('odradek server');
});

test('a refusal of a node keeps its reason and facts', async () => {
  const describe = () =>
    refused({ error: 'node-starting', message: 'this node is starting', metadata: { since: '3ms' } } as const);
  const { failure } = await run({ describe });
  expect((failure as CliError).failure).toMatchObject({
    exit: 'unavailable',
    reason: 'NODE_STARTING',
    facts: { since: '3ms' },
  });
});

test('watching prints again and again until it is interrupted', async () => {
  const { stdout } = await run({ repeatEveryMs: 1000, forMs: 3500, output: 'json' });
  expect(stdout.trim().split('\n').length).toBeGreaterThanOrEqual(3);
});
