/**
 * Why the controller does not take a broker in, as a sentence for whoever runs it.
 */
import type { MetadataRefusal } from '../metadata/metadata-command.ts';

/** Waiting mends it: the session of the life before has to end first. */
export function passesByItself(refusal: MetadataRefusal): boolean {
  return refusal.type === 'broker-id-in-use';
}

export function describeRegistrationRefusal(refusal: MetadataRefusal): string {
  const { type } = refusal;
  if (type === 'cluster-id-mismatch')
    return (
      `this broker's data belongs to cluster ${refusal.named}, and the quorum that it reached is cluster ` +
      `${refusal.ours}; correct its list of voters, or give it an empty data folder`
    );
  if (type === 'broker-id-in-use')
    return (
      `another process lives as broker ${refusal.brokerId}; give one of the two another node.id, or wait until its ` +
      'session is over if it has ended'
    );
  if (type === 'unsupported-feature-level')
    return (
      `this release works at ${refusal.name} ${refusal.levelMin} to ${refusal.levelMax}, and the cluster is at ` +
      `${refusal.level}; upgrade this broker`
    );
  if (type === 'limit-reached')
    return `the cluster has as many brokers as it may have (${refusal.max}); stop one of them for good first`;
  if (type === 'invalid') return `${refusal.field} ${refusal.why}; correct it in this broker's configuration`;
  return `the controller refused the registration: ${type}`;
}
