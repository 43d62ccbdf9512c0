/**
 * A voter of the quorum together with the metadata that it keeps: state machine, controller, the service for nodes
 * without a vote, and the door for the services of its own node.
 */
import type { StreamAcceptor } from '../ports/stream.ts';
import { ControllerRunner } from './controller-runner.ts';
import { controlService, type ControlServiceParts } from './control-service.ts';
import type { FollowParts } from './follow-stream.ts';
import { MetadataStateMachine, type MetadataLogCodecs } from './metadata-state-machine.ts';
import { VoterMetadata } from './voter-metadata.ts';
import { Voter, type VoterOptions } from './voter.ts';

export interface MetadataVoterCodecs {
  readonly log: MetadataLogCodecs;
  readonly service: ControlServiceParts['codecs'];
  readonly follow: FollowParts['codecs'];
}

export interface MetadataVoterOptions extends Omit<VoterOptions, 'machine' | 'controller' | 'alsoServes'> {
  readonly metadataCodecs: MetadataVoterCodecs;
  readonly sessionMs: number;
  /** More methods of the peer port. */
  readonly peerMethods?: ReadonlyMap<string, StreamAcceptor>;
  /** Absent: a new one. */
  readonly machine?: MetadataStateMachine;
}

export interface MetadataVoter {
  readonly voter: Voter;
  readonly machine: MetadataStateMachine;
  readonly metadata: VoterMetadata;
  readonly stop: () => Promise<void>;
}

export async function startMetadataVoter(options: MetadataVoterOptions): Promise<MetadataVoter> {
  const { ports, metadataCodecs, sessionMs, onFatal } = options;
  const { machine = new MetadataStateMachine(metadataCodecs.log) } = options;
  const voter = await Voter.start({
    ...options,
    machine,
    controller: (quorum) =>
      new ControllerRunner({
        ...ports,
        machine,
        batchCodec: metadataCodecs.log.batch,
        codecs: metadataCodecs.service,
        quorum,
        sessionMs,
        onFatal,
      }),
    alsoServes: (serving) => new Map([...serviceOf(options, serving), ...(options.peerMethods ?? [])]),
  });
  const metadata = new VoterMetadata({ quorum: voter, machine, codecs: metadataCodecs.service, clock: ports.clock });
  return {
    voter,
    machine,
    metadata,
    stop: () => {
      metadata.close();
      return voter.stop();
    },
  };
}

function serviceOf(
  { ports, metadataCodecs, onFatal }: MetadataVoterOptions,
  voter: Voter,
): ReadonlyMap<string, StreamAcceptor> {
  return controlService({
    quorum: voter,
    describe: () => voter.describe(),
    codecs: metadataCodecs.service,
    follow: metadataCodecs.follow,
    clock: ports.clock,
    clusterId: () => voter.describe().clusterId,
    records: () => voter.records,
    hasLeader: () => voter.describe().leaderId !== undefined,
    onFault: onFatal,
  });
}
