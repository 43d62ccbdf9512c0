/**
 * What a person sees who starts a node in a terminal: where it is, and what to type next.
 */
import type { NodeConfig } from '../node/node-config.ts';
import { commandFor } from './command-options.ts';
import { bold, type Terminal } from './terminal.ts';

export interface Welcome {
  readonly config: NodeConfig;
  readonly dataPath: string;
  readonly apiEndpoint: string;
  readonly terminal: Terminal;
}

export function serverWelcome({ config, dataPath, apiEndpoint, terminal }: Welcome): string {
  return [
    '',
    bold(terminal, `Odradek ${config.version}: voter ${config.nodeId} serves at ${apiEndpoint}`),
    `Its data is in ${dataPath}. ctrl-C stops it.`,
    '',
    'In another terminal:',
    `  ${commandFor(apiEndpoint)} quorum status`,
    `  grpcurl -plaintext ${apiEndpoint} list`,
    `  grpcurl -plaintext ${apiEndpoint} odradek.v1.QuorumService/GetQuorum`,
    '',
    '',
  ].join('\n');
}
