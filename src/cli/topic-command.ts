/**
 * `odradek topic ...`: topics made, listed, shown, changed and deleted, by calls of odradek.v1.TopicService.
 */
import type { ConfigChange } from '../metadata/metadata-command.ts';
import { logIndexFromOutside, type LogIndex } from '../base/raft-position.ts';
import {
  createTopicReplyCodec,
  createTopicRequestCodec,
  deleteTopicReplyCodec,
  deleteTopicRequestCodec,
  getTopicReplyCodec,
  getTopicRequestCodec,
  updateTopicReplyCodec,
  updateTopicRequestCodec,
} from '../wire/topic-messages.ts';
import { ask, newRequestId, type CommandContext } from './command-context.ts';
import { confirmByName } from './confirm-by-name.ts';
import { printListing, printSheet } from './print-listing.ts';
import { fetchTopics, withNearestTopic } from './topic-names.ts';
import { plainTopic, topicColumns, topicSheet } from './topic-table.ts';
import { misuse, readAssignment, readOptionalNumber, readSetting, readWholeNumber } from './read-written.ts';

/** As commander hands them over. */
export interface CreateOptions {
  readonly partitions?: string;
  readonly replicationFactor?: string;
  readonly config?: readonly string[];
  readonly assignment?: readonly string[];
  readonly ifNotExists?: boolean;
  readonly dryRun?: boolean;
}

export interface AlterOptions {
  readonly partitions?: string;
  readonly config?: readonly string[];
  readonly reset?: readonly string[];
  readonly assignment?: readonly string[];
  readonly expectRevision?: string;
  readonly dryRun?: boolean;
}

export interface DeleteOptions {
  readonly ifExists?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export async function createTopic(context: CommandContext, name: string, options: CreateOptions): Promise<void> {
  const validateOnly = options.dryRun ?? false;
  const command = {
    type: 'create-topic',
    name,
    partitionCount: readOptionalNumber('--partitions', options.partitions),
    replicationFactor: readOptionalNumber('--replication-factor', options.replicationFactor),
    assignments: (options.assignment ?? []).map(readAssignment),
    configs: settingsOf(options.config),
    ifNotExists: options.ifNotExists ?? false,
    validateOnly,
  } as const;
  const { reply } = await ask(context, {
    method: 'odradek.v1.TopicService/CreateTopic',
    request: { command, requestId: newRequestId(context) },
    requestCodec: createTopicRequestCodec,
    replyCodec: createTopicReplyCodec,
  });
  const { topicId, partitionCount, replicationFactor, created, revision } = reply;
  const shape = `${counted(partitionCount, 'partition')} on ${counted(replicationFactor, 'broker')} each`;
  const what = created ? 'created' : validateOnly ? 'would be created' : 'exists';
  await printSheet(context, {
    name,
    plain: { name, topicId, partitionCount, replicationFactor, created, metadataRevision: revision },
    text: () => `topic ${name} ${what}: ${shape}\n`,
  });
}

export async function listTopics(context: CommandContext): Promise<void> {
  await printListing(context, {
    rows: await fetchTopics(context),
    columns: topicColumns,
    nameOf: ({ name }) => name,
    plain: (topic) => topic,
    whenEmpty: 'there is no topic; make one with: odradek topic create NAME',
  });
}

export async function describeTopic(context: CommandContext, name: string): Promise<void> {
  const { reply } = await withNearestTopic(context, name, () =>
    ask(context, {
      method: 'odradek.v1.TopicService/GetTopic',
      request: { topic: byName(name), consistency: 'linearizable' },
      requestCodec: getTopicRequestCodec,
      replyCodec: getTopicReplyCodec,
    }),
  );
  const { topic, revision } = reply;
  await printSheet(context, {
    name,
    plain: { ...plainTopic(topic), metadataRevision: revision },
    text: (isWide) => topicSheet(topic, isWide),
  });
}

export async function alterTopic(context: CommandContext, name: string, options: AlterOptions): Promise<void> {
  const validateOnly = options.dryRun ?? false;
  const resets: readonly ConfigChange[] = (options.reset ?? []).map((config) => ({ name: config, value: undefined }));
  const configs = [...settingsOf(options.config), ...resets];
  const partitionCount = readOptionalNumber('--partitions', options.partitions);
  if (configs.length === 0 && partitionCount === undefined)
    throw misuse('nothing is to be changed', `for example: odradek topic alter ${name} --partitions 6`);
  const command = {
    type: 'update-topic',
    topic: byName(name),
    partitionCount,
    assignments: (options.assignment ?? []).map(readAssignment),
    configs,
    expectedRevision: readRevision(options.expectRevision),
    validateOnly,
  } as const;
  const { reply } = await withNearestTopic(context, name, () =>
    ask(context, {
      method: 'odradek.v1.TopicService/UpdateTopic',
      request: { command, requestId: newRequestId(context) },
      requestCodec: updateTopicRequestCodec,
      replyCodec: updateTopicReplyCodec,
    }),
  );
  const partitions = counted(reply.partitionCount, 'partition');
  await printSheet(context, {
    name,
    plain: {
      name,
      topicId: reply.topicId,
      partitionCount: reply.partitionCount,
      altered: !validateOnly,
      metadataRevision: reply.revision,
    },
    text: () => `topic ${name} ${validateOnly ? 'would be altered' : 'altered'}: ${partitions}\n`,
  });
}

export async function deleteTopic(context: CommandContext, name: string, options: DeleteOptions): Promise<void> {
  const validateOnly = options.dryRun ?? false;
  if (!validateOnly && options.yes !== true) await confirmByName(context.terminal, `delete topic ${name}`, name);
  const command = {
    type: 'delete-topic',
    topic: byName(name),
    ifExists: options.ifExists ?? false,
    expectedRevision: undefined,
    validateOnly,
  } as const;
  const { reply } = await withNearestTopic(context, name, () =>
    ask(context, {
      method: 'odradek.v1.TopicService/DeleteTopic',
      request: { command, requestId: newRequestId(context) },
      requestCodec: deleteTopicRequestCodec,
      replyCodec: deleteTopicReplyCodec,
    }),
  );
  const { deleted, topicId, revision } = reply;
  const what = deleted ? 'deleted' : topicId === undefined ? 'does not exist' : 'would be deleted';
  await printSheet(context, {
    name,
    plain: { name, topicId, deleted, metadataRevision: revision },
    text: () => `topic ${name} ${what}\n`,
  });
}

function byName(name: string): { by: 'name'; name: string; topicId: undefined } {
  if (name === '') throw misuse('the name of the topic is empty');
  return { by: 'name', name, topicId: undefined };
}

function settingsOf(written: readonly string[] = []): readonly (ConfigChange & { readonly value: string })[] {
  return written.map((each) => readSetting('--config', each));
}

function readRevision(written: string | undefined): LogIndex | undefined {
  if (written === undefined) return undefined;
  const revision = logIndexFromOutside(readWholeNumber('--expect-revision', written));
  return revision.ok ? revision.value : undefined;
}

export function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}
