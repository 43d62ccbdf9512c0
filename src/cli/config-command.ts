/**
 * `odradek cluster config ...`: configs of the cluster, of a broker or of a topic, and what each of them means.
 */
import type { ConfigChange } from '../metadata/metadata-command.ts';
import {
  getConfigsReplyCodec,
  getConfigsRequestCodec,
  listConfigDefinitionsReplyCodec,
  listConfigDefinitionsRequestCodec,
  updateConfigsRequestCodec,
  type ConfigEntry,
  type NamedResource,
  type ShownConfigDefinition,
} from '../wire/config-messages.ts';
import { updateConfigsReplyCodec } from '../wire/revision-reply.ts';
import { ask, newRequestId, type CommandContext } from './command-context.ts';
import { fetchPages } from './fetch-pages.ts';
import { printListing, printSheet, type ListColumn } from './print-listing.ts';
import { withNearestTopic } from './topic-names.ts';
import { misuse, readBrokerId, readSetting } from './read-written.ts';

/** As commander hands them over. */
export interface ResourceOptions {
  readonly broker?: string;
  readonly topic?: string;
  readonly dryRun?: boolean;
}

const entryColumns: readonly ListColumn<ConfigEntry>[] = [
  { title: 'CONFIG', cell: ({ name }) => name },
  { title: 'VALUE', cell: ({ value }) => value },
  { title: 'SOURCE', cell: ({ source }) => source },
  { title: 'DYNAMIC', isWide: true, cell: ({ isDynamic }) => (isDynamic ? 'yes' : 'no') },
  { title: 'WHAT IT DOES', isWide: true, cell: ({ doc }) => doc },
];

const definitionColumns: readonly ListColumn<ShownConfigDefinition>[] = [
  { title: 'CONFIG', cell: ({ name }) => name },
  { title: 'VALUES', cell: valuesOf },
  { title: 'DEFAULT', cell: ({ defaultValue }) => defaultValue },
  { title: 'SET FOR', cell: ({ scopes }) => scopes.join(', ') },
  { title: 'WHAT IT DOES', isWide: true, cell: ({ doc }) => doc },
];

export async function showConfigs(
  context: CommandContext,
  names: readonly string[],
  options: ResourceOptions,
): Promise<void> {
  await printListing(context, {
    rows: await fetchConfigs(context, resourceOf(options), names),
    columns: entryColumns,
    nameOf: ({ name }) => name,
    plain: (entry) => entry,
    whenEmpty: 'there is nothing to configure here',
  });
}

export async function fetchConfigs(
  context: CommandContext,
  resource: NamedResource,
  names: readonly string[] = [],
): Promise<readonly ConfigEntry[]> {
  const { reply } = await withNearestTopic(context, resource.scope === 'topic' ? resource.name : '', () =>
    ask(context, {
      method: 'odradek.v1.ClusterService/GetConfigs',
      request: { resource, names, consistency: 'linearizable' },
      requestCodec: getConfigsRequestCodec,
      replyCodec: getConfigsReplyCodec,
    }),
  );
  return reply.configs;
}

export function setConfigs(
  context: CommandContext,
  written: readonly string[],
  options: ResourceOptions,
): Promise<void> {
  const changes = written.map((each) => readSetting('a config', each));
  return changeConfigs(context, changes, options);
}

export function unsetConfigs(
  context: CommandContext,
  names: readonly string[],
  options: ResourceOptions,
): Promise<void> {
  const changes = names.map((name) => ({ name, value: undefined }));
  return changeConfigs(context, changes, options);
}

export async function explainConfigs(context: CommandContext, name: string | undefined): Promise<void> {
  const definitions = await fetchPages(async (page) => {
    const { reply } = await ask(context, {
      method: 'odradek.v1.ClusterService/ListConfigDefinitions',
      request: { scope: undefined, page },
      requestCodec: listConfigDefinitionsRequestCodec,
      replyCodec: listConfigDefinitionsReplyCodec,
    });
    return { rows: reply.definitions, nextPageToken: reply.nextPageToken };
  });
  const rows = name === undefined ? definitions : definitions.filter((definition) => definition.name.startsWith(name));
  await printListing(context, {
    rows,
    columns: name === undefined ? definitionColumns : definitionColumns.map((column) => ({ ...column, isWide: false })),
    nameOf: (definition) => definition.name,
    plain: (definition) => definition,
    whenEmpty: `there is no config that begins with ${name ?? ''}; list all with: odradek cluster config explain`,
  });
}

async function changeConfigs(
  context: CommandContext,
  configs: readonly ConfigChange[],
  options: ResourceOptions,
): Promise<void> {
  const validateOnly = options.dryRun ?? false;
  const resource = resourceOf(options);
  const { reply } = await withNearestTopic(context, options.topic ?? '', () =>
    ask(context, {
      method: 'odradek.v1.ClusterService/UpdateConfigs',
      request: { resource, configs, validateOnly, requestId: newRequestId(context) },
      requestCodec: updateConfigsRequestCodec,
      replyCodec: updateConfigsReplyCodec,
    }),
  );
  const changes = configs.map(({ name, value }) => (value === undefined ? `${name} back` : `${name}=${value}`));
  await printSheet(context, {
    name: configs.map(({ name }) => name).join('\n'),
    plain: { resource, configs, changed: !validateOnly, metadataRevision: reply.revision },
    text: () => `${wordsOf(resource)}: ${validateOnly ? 'would set' : 'set'} ${changes.join(', ')}\n`,
  });
}

function resourceOf({ broker, topic }: ResourceOptions): NamedResource {
  if (broker !== undefined && topic !== undefined) throw misuse('--broker and --topic are for one of them, not both');
  if (broker !== undefined) return { scope: 'broker', brokerId: readBrokerId('--broker', broker) };
  return topic === undefined ? { scope: 'cluster' } : { scope: 'topic', name: topic };
}

function wordsOf(resource: NamedResource): string {
  if (resource.scope === 'cluster') return 'cluster';
  return resource.scope === 'broker' ? `broker ${resource.brokerId}` : `topic ${resource.name}`;
}

function valuesOf({ type, minimum, maximum, choices }: ShownConfigDefinition): string {
  if (type === 'boolean') return 'true, false';
  const range = minimum === '' ? [] : [`${type} ${minimum} to ${maximum}`];
  return [...range, ...choices].join(', ');
}
