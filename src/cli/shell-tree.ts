/**
 * The metadata as a tree of folders and leaves, for `odradek quorum shell`: cluster, quorum, brokers, topics, configs,
 * features, records. Each part is asked for when somebody looks at it, and never kept.
 */
import { brokerIdFromOutside } from '../base/ids.ts';
import { logIndex } from '../base/raft-position.ts';
import { getTopicReplyCodec, getTopicRequestCodec } from '../wire/topic-messages.ts';
import type { TopicReply } from '../wire/topic-values.ts';
import type { NamedResource } from '../wire/config-messages.ts';
import { fetchBroker, fetchBrokers, plainBroker } from './broker-command.ts';
import { CliError } from './cli-error.ts';
import { fetchCluster, plainCluster } from './cluster-command.ts';
import { ask, type CommandContext } from './command-context.ts';
import { fetchConfigs } from './config-command.ts';
import { fetchFeatures } from './feature-command.ts';
import { fetchRecord, recordIndexes } from './log-records.ts';
import { fetchQuorum } from './quorum-change-command.ts';
import { fetchTopics } from './topic-names.ts';
import { plainPartition, plainTopic } from './topic-table.ts';

export interface ShellPlace {
  /** What it is, as plain data; absent where there is only something below it. */
  readonly cat?: () => Promise<unknown>;
  /** Names below it; absent for a leaf. */
  readonly list?: () => Promise<readonly string[]>;
  /** Undefined when there is no such thing. */
  readonly enter?: (name: string) => Promise<ShellPlace | undefined>;
}

export function shellRoot(context: CommandContext): ShellPlace {
  return folder({
    brokers: brokers(context),
    cluster: { cat: async () => plainCluster(await fetchCluster(context)) },
    configs: folder({
      brokers: { ...brokers(context), enter: (name) => configsOfBroker(context, name) },
      cluster: configs(context, { scope: 'cluster' }),
      topics: { ...topics(context), enter: (name) => orNothing(configs(context, { scope: 'topic', name })) },
    }),
    features: features(context),
    quorum: { cat: () => fetchQuorum(context) },
    records: {
      list: () => recordIndexes(context),
      enter: async (name) => {
        if (!/^[1-9]\d{0,15}$/.test(name)) return undefined;
        return { cat: () => fetchRecord(context, logIndex(Number(name))) };
      },
    },
    topics: topics(context),
  });
}

function folder(below: Readonly<Record<string, ShellPlace>>): ShellPlace {
  return {
    list: () => Promise.resolve(Object.keys(below)),
    enter: (name) => Promise.resolve(Object.hasOwn(below, name) ? below[name] : undefined),
  };
}

function brokers(context: CommandContext): ShellPlace {
  return {
    list: async () => (await fetchBrokers(context)).map(({ brokerId }) => String(brokerId)),
    enter: async (name) => {
      if (!brokerIdFromOutside(Number(name)).ok) return undefined;
      return orNothing({ cat: async () => plainBroker((await fetchBroker(context, name)).broker) });
    },
  };
}

function topics(context: CommandContext): ShellPlace {
  return {
    list: async () => (await fetchTopics(context)).map(({ name }) => name),
    enter: async (name) => {
      const topic = await findTopic(context, name);
      if (topic === undefined) return undefined;
      const partitions = topic.partitions.map((partition, number) => plainPartition(partition, number));
      const leaves = partitions.map(
        (plain, number) => [String(number), { cat: () => Promise.resolve(plain) }] as const,
      );
      return { ...folder(Object.fromEntries(leaves)), cat: () => Promise.resolve(plainTopic(topic)) };
    },
  };
}

async function findTopic(context: CommandContext, name: string): Promise<TopicReply | undefined> {
  const request = { topic: { by: 'name', name, topicId: undefined }, consistency: 'linearizable' } as const;
  return unlessMissing(async () => {
    const { reply } = await ask(context, {
      method: 'odradek.v1.TopicService/GetTopic',
      request,
      requestCodec: getTopicRequestCodec,
      replyCodec: getTopicReplyCodec,
    });
    return reply.topic;
  });
}

function features(context: CommandContext): ShellPlace {
  return {
    list: async () => (await fetchFeatures(context)).map(({ name }) => name),
    enter: async (name) => {
      const feature = (await fetchFeatures(context)).find((each) => each.name === name);
      return feature === undefined ? undefined : { cat: () => Promise.resolve(feature) };
    },
  };
}

function configs(context: CommandContext, resource: NamedResource): ShellPlace {
  return { cat: () => fetchConfigs(context, resource) };
}

async function configsOfBroker(context: CommandContext, name: string): Promise<ShellPlace | undefined> {
  const brokerId = brokerIdFromOutside(Number(name));
  return brokerId.ok ? orNothing(configs(context, { scope: 'broker', brokerId: brokerId.value })) : undefined;
}

/** A leaf that is there only when it can be read. */
async function orNothing({ cat }: Pick<Required<ShellPlace>, 'cat'> | ShellPlace): Promise<ShellPlace | undefined> {
  if (cat === undefined) return undefined;
  const content = await unlessMissing(cat);
  return content === undefined ? undefined : { cat: () => Promise.resolve(content) };
}

async function unlessMissing<Value>(fetch: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await fetch();
  } catch (error) {
    if (error instanceof CliError && error.failure.exit === 'not-found') return undefined;
    throw error;
  }
}
