/**
 * What a person sees who starts `odradek dev`: where it is, where its data is, and what to type next.
 */
import { commandFor } from './command-options.ts';
import { bold, type Terminal } from './terminal.ts';

export interface DevWelcome {
  readonly version: string;
  readonly endpoints: readonly string[];
  readonly dataPath: string;
  readonly isEphemeral: boolean;
  readonly terminal: Terminal;
}

export function devWelcome({ version, endpoints, dataPath, isEphemeral, terminal }: DevWelcome): string {
  const [first = ''] = endpoints;
  const size = endpoints.length === 1 ? 'a cluster of one node' : `a cluster of ${endpoints.length} nodes`;
  const command = commandFor(first);
  return [
    '',
    bold(terminal, `Odradek ${version}: ${size} serves at ${endpoints.join(', ')}`),
    isEphemeral ? 'Its data goes with it. ctrl-C stops it.' : `Its data is in ${dataPath}. ctrl-C stops it.`,
    '',
    'In another terminal:',
    `  echo hello | ${command} produce greetings`,
    `  ${command} consume greetings --follow`,
    `  ${command} topic list`,
    `  grpcurl -plaintext ${first} list`,
    '',
    '',
  ].join('\n');
}
