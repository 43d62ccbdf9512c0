/**
 * The life of a broker as the metadata sees it: registered, active, shutting down, fenced, registered anew.
 *
 * A broker registers fenced. It becomes active once it has applied its own registration, so that it has seen every
 * leadership that it lost; from then on it may lead. Each registration is another incarnation: whatever the former
 * one led goes to others or to nobody, with a higher leader epoch (M3), even where it is the last one in sync.
 * Otherwise a leader that lost the unflushed end of its log would go on under its old epoch, and write other records
 * at offsets that followers hold already.
 */
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { checkBrokerFeatures } from './decide-features.ts';
import type { Decided, DecideContext } from './decide-context.ts';
import type { AllocateProducerIds, MetadataRefusal, RegisterBroker, ShutDownBroker } from './metadata-command.ts';
import type { BrokerImage, MetadataImage } from './metadata-image.ts';
import { metadataLimits } from './metadata-limits.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { changesOnDeparture, changesOnReturn } from './partition-changes.ts';

/** Producer ids are given away in blocks of so many. */
export const producerIdBlockSize = 1000;

export function decideRegisterBroker(image: MetadataImage, command: RegisterBroker, context: DecideContext): Decided {
  const { type: _type, clusterId, ...registration } = command;
  const { brokerId, incarnation } = registration;
  const answer = { type: 'broker-registered', brokerId, incarnation } as const;
  if (clusterId !== context.clusterId)
    return refused({ type: 'cluster-id-mismatch', named: clusterId, ours: context.clusterId });
  const problem = findRegistrationProblem(command);
  if (problem !== undefined) return refused(problem);
  const features = checkBrokerFeatures(image, command);
  if (!features.ok) return features;
  const before = image.brokers.get(brokerId);
  if (before === undefined) {
    const { brokersMax } = metadataLimits;
    if (image.brokers.size >= brokersMax)
      return refused({ type: 'limit-reached', limit: 'brokersMax', max: brokersMax });
  } else if (before.incarnation === incarnation) return ok({ answer, records: [] });
  else if (context.hasSession(brokerId))
    return refused({ type: 'broker-id-in-use', brokerId, incarnation: before.incarnation });
  const registered: MetadataRecord = { type: 'broker-registered', ...registration, brokerEpoch: undefined };
  return ok({ answer, records: [...changesOnDeparture(image, brokerId, 'begins-anew'), registered] });
}

export function decideShutDownBroker(image: MetadataImage, command: ShutDownBroker): Decided {
  const broker = checkEpoch(image, command);
  if (!broker.ok) return broker;
  const { brokerId, state, leaderCount } = broker.value;
  const changes = state === 'active' ? changesOnDeparture(image, brokerId, 'hands-over') : [];
  const leadershipsKept = leaderCount - changes.filter(({ leader }) => leader !== undefined).length;
  const records: MetadataRecord[] = [...changes];
  if (state === 'active') records.push({ type: 'broker-state-changed', brokerId, state: 'shutting-down' });
  return ok({ answer: { type: 'broker-shutting-down', brokerId, leadershipsKept }, records });
}

export function decideAllocateProducerIds(image: MetadataImage, command: AllocateProducerIds): Decided {
  const broker = checkEpoch(image, command);
  if (!broker.ok) return broker;
  const { nextProducerId } = image;
  const next = nextProducerId + producerIdBlockSize;
  if (!Number.isSafeInteger(next))
    return refused({ type: 'limit-reached', limit: 'producer ids', max: Number.MAX_SAFE_INTEGER });
  return ok({
    answer: { type: 'producer-ids-allocated', firstProducerId: nextProducerId, count: producerIdBlockSize },
    records: [{ type: 'producer-ids-allocated', nextProducerId: next }],
  });
}

/** Empty when that registration is not in force any more, or is fenced already. */
export function decideFencing(image: MetadataImage, brokerId: BrokerId, epoch: BrokerEpoch): readonly MetadataRecord[] {
  const broker = image.brokers.get(brokerId);
  if (broker === undefined || broker.brokerEpoch !== epoch || broker.state === 'fenced') return [];
  const fenced: MetadataRecord = { type: 'broker-state-changed', brokerId, state: 'fenced' };
  return [...changesOnDeparture(image, brokerId, 'stops-leading'), fenced];
}

/** Empty when that registration is not in force any more, or is not fenced. */
export function decideUnfencing(
  image: MetadataImage,
  brokerId: BrokerId,
  epoch: BrokerEpoch,
): readonly MetadataRecord[] {
  const broker = image.brokers.get(brokerId);
  if (broker === undefined || broker.brokerEpoch !== epoch || broker.state !== 'fenced') return [];
  const active: MetadataRecord = { type: 'broker-state-changed', brokerId, state: 'active' };
  return [active, ...changesOnReturn(image, brokerId)];
}

function checkEpoch(
  image: MetadataImage,
  { brokerId, brokerEpoch }: Pick<BrokerImage, 'brokerId' | 'brokerEpoch'>,
): Result<BrokerImage, MetadataRefusal> {
  const broker = image.brokers.get(brokerId);
  if (broker === undefined) return refused({ type: 'broker-not-found', brokerId });
  return broker.brokerEpoch === brokerEpoch
    ? ok(broker)
    : refused({ type: 'stale-broker-epoch', brokerId, current: broker.brokerEpoch });
}

function findRegistrationProblem(command: RegisterBroker): MetadataRefusal | undefined {
  const { directories, rack, endpoints, features } = command;
  const { directoriesPerBrokerMax, featuresPerBrokerMax, rackLengthMax, endpointLengthMax } = metadataLimits;
  if (directories.length === 0 || directories.length > directoriesPerBrokerMax)
    return { type: 'invalid', field: 'directories', why: `has not 1 to ${directoriesPerBrokerMax} entries` };
  if (new Set(directories).size < directories.length)
    return { type: 'invalid', field: 'directories', why: 'names one twice' };
  if (rack !== undefined && (rack === '' || rack.length > rackLengthMax))
    return { type: 'invalid', field: 'rack', why: `has not 1 to ${rackLengthMax} characters` };
  for (const [name, endpoint] of [
    ['api', endpoints.api],
    ['peer', endpoints.peer],
  ] as const) {
    if (endpoint === '' || endpoint.length > endpointLengthMax)
      return { type: 'invalid', field: `endpoints.${name}`, why: `has not 1 to ${endpointLengthMax} characters` };
  }
  if (features.length > featuresPerBrokerMax)
    return { type: 'invalid', field: 'features', why: `has more than ${featuresPerBrokerMax} entries` };
  return undefined;
}
