/**
 * The settings of `odradek server` from their sources, checked, as what a node is assembled from.
 */
import { readFile } from 'node:fs/promises';
import { nodeId } from '../base/ids.ts';
import { checkNodeConfig, type NodeConfig } from '../node/node-config.ts';
import { CliError } from './cli-error.ts';
import { releaseVersion } from './release.ts';
import { resolveSettings, type Resolution, type WrittenSetting } from './resolve-settings.ts';
import { settingsFromEnvironment, settingsFromFlags } from './settings-from-sources.ts';
import { settingTable, type Settings } from './setting-table.ts';

export interface ServerOptions {
  readonly config?: string;
  readonly data?: string;
  readonly set?: readonly string[];
  readonly printConfig?: boolean;
}

export async function resolveServerSettings(options: ServerOptions): Promise<Resolution<typeof settingTable>> {
  const flags = settingsFromFlags(options.set ?? []);
  if (!flags.ok) throw wrongSettings(flags.problem);
  const ofData = options.data === undefined ? [] : [{ key: 'data.path', written: options.data, origin: '--data' }];
  return settingsOf([
    options.config === undefined ? [] : await settingsFromFile(options.config),
    settingsFromEnvironment(process.env),
    flags.value,
    ofData,
  ]);
}

/** `sources` come weakest first. */
export function settingsOf(sources: readonly (readonly WrittenSetting[])[]): Resolution<typeof settingTable> {
  const resolution = resolveSettings(settingTable, sources);
  if (!resolution.ok) throw wrongSettings(resolution.problem);
  return resolution.value;
}

async function settingsFromFile(path: string): Promise<readonly WrittenSetting[]> {
  let yaml: string;
  try {
    yaml = await readFile(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError({
      exit: 'usage',
      message: `the settings file ${path} cannot be read: ${why}`,
      hint: 'write one with: odradek config example > odradek.yaml',
    });
  }
  const { settingsFromYaml } = await import('./settings-from-yaml.ts');
  const settings = settingsFromYaml(yaml, path);
  if (!settings.ok) throw wrongSettings(settings.problem);
  return settings.value;
}

/** Rules between settings are the node's own; what they refuse is refused here with the same words. */
export function nodeConfigOf(settings: Settings): NodeConfig {
  const config: NodeConfig = {
    nodeId: nodeId(settings['node.id']),
    roles: settings['node.roles'],
    rack: settings['broker.rack'],
    catchUpBytesPerSecondMin: settings['broker.catch_up_rate'],
    scrubPace: { bytesPerSecond: settings['broker.scrub_rate'], roundMs: settings['broker.scrub_interval'] },
    version: releaseVersion(),
    apiListen: settings['api.listen'],
    peerListen: settings['peer.listen'],
    apiAdvertised: settings['api.advertise'],
    peerAdvertised: settings['peer.advertise'],
    voters: settings['quorum.voters'],
    electionTiming: {
      heartbeatMs: settings['quorum.heartbeat'],
      electionTimeoutMsMin: settings['quorum.election_timeout_min'],
      electionTimeoutMsMax: settings['quorum.election_timeout_max'],
    },
    messageBytesMax: settings['limits.message_size'],
    callsOpenMax: settings['limits.calls_open'],
    stopGraceMs: settings['stop.grace'],
    topicsOnFirstUse: settings['topics.create_on_first_use'],
    insecureNetworkAllowed: settings['security.allow_insecure_network'],
  };
  const rules = checkNodeConfig(config);
  if (!rules.ok) throw wrongSettings(rules.problem);
  return config;
}

function wrongSettings(problems: readonly string[]): CliError {
  const [first = ''] = problems;
  const message = problems.length === 1 ? first : `${problems.length} settings are wrong:\n  ${problems.join('\n  ')}`;
  return new CliError({
    exit: 'usage',
    message,
    hint: 'odradek config example lists all settings, odradek server --print-config shows yours',
  });
}
