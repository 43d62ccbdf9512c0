/**
 * Every setting of `odradek server`: the one table behind the YAML file, the environment, --set, --print-config and
 * cluster/odradek.example.yaml.
 *
 * A key is section.name. In the environment it is ODRADEK_SECTION__NAME.
 */
import { isDialable } from '../base/endpoint.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { nodeIdFromOutside, voterId } from '../base/ids.ts';
import type { NodeRole, VoterAddress } from '../node/node-config.ts';
import {
  byteSize,
  choice,
  duration,
  endpoint,
  listOf,
  optionalEndpoint,
  optionalText,
  text,
  wholeNumber,
  yesOrNo,
} from './setting-kinds.ts';
import type { Setting } from './setting-kinds.ts';

export const settingTable = {
  'node.id': wholeNumber({
    about: 'Number of this node within the cluster. No two nodes share one, and a node keeps its own for life.',
    default: 1,
    min: 1,
    max: 2 ** 31 - 1,
  }),
  'node.roles': listOf({
    about: [
      'What this node is: quorum (a voter of the metadata), broker (keeps the records of topics), or both. A node that',
      'is a broker alone can come and go; voters are changed one by one.',
    ].join('\n'),
    default: ['quorum'],
    item: roleFrom,
  }),
  'broker.rack': optionalText({
    about: 'Rack or zone of the broker: the copies of a partition are spread over them. Empty: nobody says.',
  }),
  'broker.catch_up_rate': byteSize({
    about: [
      'How much a second the broker gives replicas that are behind, all together. More while more than half of it is',
      'written here, so that they catch up at last; less would delay them, and more those who write.',
    ].join('\n'),
    default: '32MiB',
    min: 64 * 1024,
    max: 1024 ** 4,
  }),
  'broker.scrub_rate': byteSize({
    about:
      'How much of what it keeps the broker reads again each second, to find damage before it is needed. 0B: none.',
    default: '4MiB',
    min: 0,
    max: 1024 ** 4,
  }),
  'broker.scrub_interval': duration({
    about: 'From the beginning of one such round through all logs to that of the next, at least.',
    default: '1h',
    min: 100,
    max: 30 * 86_400_000,
  }),
  'data.path': text({
    about: 'Folder that holds everything this node must not forget. Made when missing. One process at a time.',
    default: './data/node',
  }),
  'api.listen': endpoint({
    about: 'Where clients reach this node. Port 0 picks a free one.',
    default: '127.0.0.1:7081',
  }),
  'api.advertise': optionalEndpoint({
    about: 'Where clients are told to find this node, if that is not where it listens.',
  }),
  'peer.listen': endpoint({
    about: 'Where the other nodes reach this one. Never open it to clients.',
    default: '127.0.0.1:7181',
  }),
  'peer.advertise': optionalEndpoint({
    about: 'Where other nodes are told to find this one, if that is not where it listens. quorum.voters wins over it.',
  }),
  'quorum.voters': listOf({
    about: [
      'The voters that found the metadata quorum together, this node included, each as ID@PEER, such as',
      '1@127.0.0.1:7181. The same list on all of them. Empty means that this node is the only one. Once the',
      'quorum is founded its members are in its own log. A node that is a broker alone names one of them, or more.',
    ].join('\n'),
    default: [],
    item: voterAddress,
  }),
  'quorum.heartbeat': duration({
    about: 'How often a leader reminds the other voters of itself.',
    default: '100ms',
    min: 10,
    max: 10_000,
  }),
  'quorum.election_timeout_min': duration({
    about: 'A voter that hears no leader waits at least this long before it asks for votes; 2 heartbeats or more.',
    default: '300ms',
    min: 20,
    max: 60_000,
  }),
  'quorum.election_timeout_max': duration({
    about: 'And at most this long. Each wait is drawn anew, so that two voters rarely ask at the same moment.',
    default: '600ms',
    min: 30,
    max: 120_000,
  }),
  'topics.create_on_first_use': yesOrNo({
    about: [
      'A topic that does not exist is made, with the defaults, when a client that writes asks where it is.',
      'For trying things out: elsewhere a misspelt name should be an error.',
    ].join('\n'),
    default: false,
  }),
  'limits.message_size': byteSize({
    about: 'Largest message that this node receives. The same on all nodes.',
    default: '8MiB',
    min: 64 * 1024,
    max: 64 * 1024 * 1024,
  }),
  'limits.calls_open': wholeNumber({
    about: 'Calls that one listener answers at once; more are refused with LIMIT_REACHED.',
    default: 1024,
    min: 16,
    max: 1_000_000,
  }),
  'log.level': choice({
    about: 'Least important event that is logged.',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
  }),
  'log.format': choice({
    about: 'auto writes lines for people on a terminal and JSON elsewhere.',
    default: 'auto',
    choices: ['auto', 'json', 'pretty'],
  }),
  'stop.grace': duration({
    about: 'How long open calls may go on after the first SIGTERM or SIGINT. A second signal stops at once.',
    default: '5s',
    min: 0,
    max: 3_600_000,
  }),
  'security.allow_insecure_network': yesOrNo({
    about: [
      'DANGER. There is no encryption and no access control yet: whoever reaches a listener can do everything.',
      'So a listener on anything but loopback is refused unless this is true.',
    ].join('\n'),
    default: false,
  }),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingTable = Readonly<Record<string, Setting<unknown>>>;
export type SettingValues<Table extends SettingTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Setting<infer Value> ? Value : never;
};
export type Settings = SettingValues<typeof settingTable>;

function roleFrom(written: string): Result<NodeRole, string> {
  return written === 'quorum' || written === 'broker' ? ok(written) : refused('is not quorum or broker');
}

function voterAddress(written: string): Result<VoterAddress, string> {
  const [, id = '', peerEndpoint = ''] = /^(\d+)@(.+)$/.exec(written) ?? [];
  const node = nodeIdFromOutside(Number(id));
  if (!node.ok || !isDialable(peerEndpoint)) return refused('is not ID@HOST:PORT, such as 1@127.0.0.1:7181');
  return ok({ voterId: voterId(node.value), peerEndpoint });
}
