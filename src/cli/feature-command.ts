/**
 * `odradek cluster features ...`: which features the cluster has, and moves of them to other levels.
 */
import {
  listFeaturesReplyCodec,
  listFeaturesRequestCodec,
  updateFeaturesRequestCodec,
  type ShownFeature,
} from '../wire/feature-messages.ts';
import { updateFeaturesReplyCodec } from '../wire/revision-reply.ts';
import { ask, newRequestId, type CommandContext } from './command-context.ts';
import { fetchPages } from './fetch-pages.ts';
import { printListing, printSheet, type ListColumn } from './print-listing.ts';
import { readWholeNumber } from './read-written.ts';

const featureColumns: readonly ListColumn<ShownFeature>[] = [
  { title: 'FEATURE', cell: ({ name }) => name },
  { title: 'LEVEL', align: 'right', cell: ({ level }) => String(level) },
  { title: 'POSSIBLE', cell: ({ levelMin, levelMax }) => `${levelMin} to ${levelMax}` },
  { title: 'WHAT IT IS', isWide: true, cell: ({ doc }) => doc },
];

export async function listFeatures(context: CommandContext): Promise<void> {
  await printListing(context, {
    rows: await fetchFeatures(context),
    columns: featureColumns,
    nameOf: ({ name }) => name,
    plain: (feature) => feature,
    whenEmpty: 'this release has no features',
  });
}

export function fetchFeatures(context: CommandContext): Promise<readonly ShownFeature[]> {
  return fetchPages(async (page) => {
    const { reply } = await ask(context, {
      method: 'odradek.v1.ClusterService/ListFeatures',
      request: { page, consistency: 'linearizable' },
      requestCodec: listFeaturesRequestCodec,
      replyCodec: listFeaturesReplyCodec,
    });
    return { rows: reply.features, nextPageToken: reply.nextPageToken };
  });
}

export interface MoveOptions {
  readonly allowDowngrade: boolean;
  readonly dryRun?: boolean;
}

export async function moveFeature(
  context: CommandContext,
  [name, written]: readonly [name: string, level: string],
  { allowDowngrade, dryRun: validateOnly = false }: MoveOptions,
): Promise<void> {
  const level = readWholeNumber('the level', written);
  const { reply } = await ask(context, {
    method: 'odradek.v1.ClusterService/UpdateFeatures',
    request: { updates: [{ name, level, allowDowngrade }], validateOnly, requestId: newRequestId(context) },
    requestCodec: updateFeaturesRequestCodec,
    replyCodec: updateFeaturesReplyCodec,
  });
  await printSheet(context, {
    name,
    plain: { name, level, changed: !validateOnly, metadataRevision: reply.revision },
    text: () => `feature ${name} ${validateOnly ? 'would be' : 'is'} at level ${level}\n`,
  });
}
