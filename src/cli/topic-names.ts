/**
 * All topics, and the one that a mistyped name most likely means.
 */
import { findNearestName } from '../base/nearest-name.ts';
import { listTopicsReplyCodec, listTopicsRequestCodec } from '../wire/topic-messages.ts';
import type { TopicSummary } from '../wire/topic-values.ts';
import { CliError } from './cli-error.ts';
import { ask, type CommandContext } from './command-context.ts';
import { fetchPages } from './fetch-pages.ts';

export function fetchTopics(context: CommandContext): Promise<readonly TopicSummary[]> {
  return fetchPages(async (page) => {
    const { reply } = await ask(context, {
      method: 'odradek.v1.TopicService/ListTopics',
      request: { page, consistency: 'linearizable' },
      requestCodec: listTopicsRequestCodec,
      replyCodec: listTopicsReplyCodec,
    });
    return { rows: reply.topics, nextPageToken: reply.nextPageToken };
  });
}

/** Where there is no such topic, the refusal gets the nearest one as its hint. */
export async function withNearestTopic<Value>(
  context: CommandContext,
  name: string,
  action: () => Promise<Value>,
): Promise<Value> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof CliError) || error.failure.reason !== 'UNKNOWN_TOPIC') throw error;
    const nearest = findNearestName(name, await namesOfTopics(context));
    throw nearest === undefined ? error : new CliError({ ...error.failure, hint: `did you mean ${nearest}?` }, error);
  }
}

/** None where they cannot be had: the refusal that asks for them is what the person has to see. */
async function namesOfTopics(context: CommandContext): Promise<readonly string[]> {
  try {
    return (await fetchTopics(context)).map((topic) => topic.name);
  } catch {
    return [];
  }
}
