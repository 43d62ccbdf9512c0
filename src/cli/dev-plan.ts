/**
 * What `odradek dev` runs: how many nodes, on which ports, with their data where.
 *
 * All of them are voters and brokers at once. Read next: dev-command.ts.
 */
import type { WrittenSetting } from './resolve-settings.ts';
import { misuse, readWholeNumber } from './read-written.ts';

export interface DevOptions {
  /** How many brokers, as `--brokers` says; undefined: as many as the data is of, else one. */
  readonly brokers?: string;
  readonly data: string;
  readonly ephemeral?: boolean;
  readonly port: string;
  readonly verbose?: boolean;
}

export interface DevNode {
  readonly settings: readonly WrittenSetting[];
}

/** More would share one thread for nothing. */
const nodesMax = 9;
/** Peer ports are so far above those of the API: design of every local cluster. */
const peerPortStep = 100;
const nodeFolder = /^node-\d+$/;

/** `dataPath` is where the data really is; `found` are the names in that folder. */
export function planDev(options: DevOptions, dataPath: string, found: readonly string[]): readonly DevNode[] {
  const count = countOfNodes(options, found);
  const port = readWholeNumber('--port', options.port);
  if (port < 1 || port + count - 1 + peerPortStep > 65_535) throw misuse(`--port is ${port}, which leaves no room`);
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const peer = (node: number): string => `127.0.0.1:${port + node - 1 + peerPortStep}`;
  const voters = count === 1 ? [] : numbers.map((node) => `${node}@${peer(node)}`);
  return numbers.map((node) => ({
    settings: Object.entries({
      'node.id': node,
      'node.roles': ['quorum', 'broker'],
      'data.path': `${dataPath}/node-${node}`,
      'api.listen': `127.0.0.1:${port + node - 1}`,
      'peer.listen': peer(node),
      'quorum.voters': voters,
      'topics.create_on_first_use': true,
      'log.level': options.verbose === true ? 'info' : 'warn',
    }).map(([key, written]) => ({ key, written, origin: 'odradek dev' })),
  }));
}

/** The voters that founded a cluster are needed for good, so data of three nodes is no data of one. */
function countOfNodes({ brokers, data }: DevOptions, found: readonly string[]): number {
  const wanted = brokers === undefined ? undefined : readWholeNumber('--brokers', brokers);
  if (wanted !== undefined && (wanted < 1 || wanted > nodesMax))
    throw misuse(`--brokers is ${wanted}, which is not a number from 1 to ${nodesMax}`);
  const kept = found.filter((name) => nodeFolder.test(name)).length;
  if (wanted !== undefined && kept > 0 && kept !== wanted)
    throw misuse(
      `the data in ${data} is of a cluster of ${kept}, and --brokers is ${wanted}`,
      `start it as it was: odradek dev --brokers ${kept}\nor begin another: --data FOLDER, or --ephemeral`,
    );
  return wanted ?? (kept === 0 ? 1 : kept);
}
