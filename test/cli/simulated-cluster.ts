/**
 * Commands against a simulated node: the real services over a lone controller on one machine, the command on another.
 */
import { clusterId, brokerId, directoryId, nodeId } from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import { ok } from '../../src/base/result.ts';
import { allowAll } from '../../src/api/call-hooks.ts';
import { clusterService } from '../../src/api/cluster-service.ts';
import { MetadataDoor } from '../../src/api/metadata-door.ts';
import { quorumService } from '../../src/api/quorum-service.ts';
import { serviceTable } from '../../src/api/service-table.ts';
import { topicService } from '../../src/api/topic-service.ts';
import type { CommandContext } from '../../src/cli/command-context.ts';
import type { OutputFormat } from '../../src/cli/command-options.ts';
import type { QuorumDescription } from '../../src/quorum/quorum-description.ts';
import type { QuorumAnswer, QuorumCall } from '../../src/quorum/quorum-calls.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { loneQuorum } from '../api/admin-server.ts';
import { LoneController } from '../api/lone-controller.ts';
import { RecordedTerminal } from './recorded-terminal.ts';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly prompts: readonly string[];
  readonly failure: unknown;
}

export interface RunOptions {
  readonly output?: OutputFormat;
  /** What somebody types; absent: nobody sits there. */
  readonly typed?: readonly string[];
  readonly brokers?: readonly string[];
}

export class SimulatedCluster {
  readonly controller = new LoneController();
  readonly asked: QuorumCall[] = [];
  quorum: QuorumDescription = {
    ...loneQuorum,
    clusterId: clusterId('c'.repeat(32)),
    voters: loneQuorum.voters.map((voter) => ({ ...voter, directoryId: directoryId(`${voter.voterId}`.repeat(32)) })),
  };
  readonly #simulation = new Simulation({ seed: 1 });
  #commands = 0;

  async start(): Promise<void> {
    this.#simulation
      .addProcess('n1', async ({ network, clock, random, eventLog }) => {
        const metadata = new MetadataDoor({ find: () => ok(this.controller), clock, random });
        const describeQuorum = () => ok(this.quorum);
        const ask = (call: QuorumCall): Promise<ReturnType<typeof ok<QuorumAnswer>>> => {
          this.asked.push(call);
          return Promise.resolve(ok({ type: 'done', index: logIndex(77), reply: new Uint8Array(0) }));
        };
        const records = () => {
          throw new Error('no log behind a lone controller');
        };
        const services = [
          topicService(metadata),
          clusterService({ metadata, describeQuorum }),
          quorumService({ describe: describeQuorum, ask, records, image: () => ok(this.controller.image) }),
        ];
        const host = { clock, eventLog, hooks: allowAll, listener: 'api', onBug: () => {}, callsOpenMax: 8 };
        await network.listen({ endpoint: 'n1:7081', methods: serviceTable(services, host) });
      })
      .start();
    await this.#simulation.run({ untilMs: this.#simulation.world.nowMs + 10 });
  }

  async run(command: (context: CommandContext) => Promise<void>, options: RunOptions = {}): Promise<Ran> {
    const { output = 'table', typed, brokers = ['n1:7081'] } = options;
    const terminal = new RecordedTerminal(typed === undefined ? {} : { typed });
    let failure: unknown;
    let isOver = false;
    this.#commands += 1;
    this.#simulation
      .addProcess(`cli-${this.#commands}`, async ({ network, clock, random }) => {
        const context = { terminal, network, clock, random, options: { brokers, output, timeoutMs: 5000 } };
        await command(context).catch((error: unknown) => {
          failure = error;
        });
        isOver = true;
      })
      .start();
    await this.#simulation.run({ untilMs: this.#simulation.world.nowMs + 60_000, until: () => isOver });
    const { stdout, stderr, prompts } = terminal;
    return { stdout, stderr, prompts, failure };
  }
}

/** Four brokers, of which one is fenced, and two topics. */
export async function smallCluster(): Promise<SimulatedCluster> {
  const cluster = new SimulatedCluster();
  const { controller } = cluster;
  controller.addBrokers(4);
  for (const [name, partitionCount] of [
    ['clicks', 1],
    ['orders', 3],
  ] as const)
    controller.must({
      type: 'create-topic',
      name,
      partitionCount,
      replicationFactor: 3,
      assignments: [],
      configs: name === 'orders' ? [{ name: 'retention.ms', value: '86400000' }] : [],
      ifNotExists: false,
      validateOnly: false,
    });
  controller.hear(brokerId(nodeId(3)), true);
  await cluster.start();
  return cluster;
}
