/**
 * `odradek broker ...`: which brokers there are, and one of them.
 */
import type { BrokerImage } from '../metadata/metadata-image.ts';
import {
  getBrokerReplyCodec,
  getBrokerRequestCodec,
  listBrokersReplyCodec,
  listBrokersRequestCodec,
} from '../wire/broker-messages.ts';
import { ask, type CommandContext } from './command-context.ts';
import { fetchPages } from './fetch-pages.ts';
import { factLines, printListing, printSheet, type ListColumn } from './print-listing.ts';
import { readBrokerId } from './read-written.ts';

const brokerColumns: readonly ListColumn<BrokerImage>[] = [
  { title: 'BROKER', align: 'right', cell: ({ brokerId }) => String(brokerId) },
  { title: 'STATE', cell: ({ state }) => state },
  { title: 'API', cell: ({ endpoints }) => endpoints.api },
  { title: 'RACK', cell: ({ rack }) => rack ?? '-' },
  { title: 'LEADS', align: 'right', cell: ({ leaderCount }) => String(leaderCount) },
  { title: 'KEEPS', align: 'right', cell: ({ replicaCount }) => String(replicaCount) },
  { title: 'PEER', isWide: true, cell: ({ endpoints }) => endpoints.peer },
  { title: 'EPOCH', align: 'right', isWide: true, cell: ({ brokerEpoch }) => String(brokerEpoch) },
  { title: 'INCARNATION', isWide: true, cell: ({ incarnation }) => incarnation },
];

export async function listBrokers(context: CommandContext): Promise<void> {
  await printListing(context, {
    rows: await fetchBrokers(context),
    columns: brokerColumns,
    nameOf: ({ brokerId }) => String(brokerId),
    plain: plainBroker,
    whenEmpty: 'no broker is registered',
  });
}

export function fetchBrokers(context: CommandContext): Promise<readonly BrokerImage[]> {
  return fetchPages(async (page) => {
    const { reply } = await ask(context, {
      method: 'odradek.v1.ClusterService/ListBrokers',
      request: { page, consistency: 'linearizable' },
      requestCodec: listBrokersRequestCodec,
      replyCodec: listBrokersReplyCodec,
    });
    return { rows: reply.brokers, nextPageToken: reply.nextPageToken };
  });
}

export async function describeBroker(context: CommandContext, written: string): Promise<void> {
  const { broker } = await fetchBroker(context, written);
  await printSheet(context, {
    name: String(broker.brokerId),
    plain: plainBroker(broker),
    text: () => brokerSheet(broker),
  });
}

export async function fetchBroker(context: CommandContext, written: string): Promise<{ broker: BrokerImage }> {
  const { reply } = await ask(context, {
    method: 'odradek.v1.ClusterService/GetBroker',
    request: { brokerId: readBrokerId('the broker', written), consistency: 'linearizable' },
    requestCodec: getBrokerRequestCodec,
    replyCodec: getBrokerReplyCodec,
  });
  return reply;
}

export function plainBroker(broker: BrokerImage): object {
  const { brokerId, state, brokerEpoch, incarnation, rack, endpoints, directories, leaderCount, replicaCount } = broker;
  return {
    brokerId,
    state,
    brokerEpoch,
    incarnationId: incarnation,
    rack,
    apiEndpoint: endpoints.api,
    peerEndpoint: endpoints.peer,
    directoryIds: directories,
    leaderCount,
    replicaCount,
    features: broker.features,
  };
}

function brokerSheet(broker: BrokerImage): string {
  const features = broker.features.map(({ name, levelMin, levelMax }) => `${name} ${levelMin} to ${levelMax}`);
  return factLines([
    ['broker', String(broker.brokerId)],
    ['state', broker.state],
    ['api', broker.endpoints.api],
    ['peer', broker.endpoints.peer],
    ['rack', broker.rack ?? '-'],
    ['epoch', String(broker.brokerEpoch)],
    ['incarnation', broker.incarnation],
    ['directories', broker.directories.join(', ')],
    ['leads', `${broker.leaderCount} of the ${broker.replicaCount} partitions that it keeps`],
    ['features', features.length === 0 ? '-' : features.join(', ')],
  ]);
}
