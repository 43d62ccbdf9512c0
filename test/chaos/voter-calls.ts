/**
 * What can be asked of one voter from outside, on its API and on its peer port.
 */
import type { ClusterId } from '../../src/base/ids.ts';
import { indexZero } from '../../src/base/raft-position.ts';
import { ok, type Result } from '../../src/base/result.ts';
import type { Status } from '../../src/base/status.ts';
import type { MetadataRequest } from '../../src/metadata/metadata-command.ts';
import { controlMethods } from '../../src/quorum/control-service.ts';
import { peerMethods } from '../../src/quorum/quorum-codecs.ts';
import type { LeaderAnswer, LeaderCall } from '../../src/raft/leader-call.ts';
import type { Entry, Voter } from '../../src/raft/raft-entry.ts';
import { decideReplyCodec, decideRequestCodec, type DecideReply } from '../../src/wire/control-codec.ts';
import { metadataRecordsReplyCodec, metadataRecordsRequestCodec } from '../../src/wire/metadata-record-messages.ts';
import { getQuorumRequestCodec, quorumReplyCodec, type QuorumReply } from '../../src/wire/quorum-messages.ts';
import { leaderAnswerCodec, leaderCallCodec } from '../../src/wire/raft-leader-codec.ts';
import {
  addVoterReplyCodec,
  addVoterRequestCodec,
  removeVoterReplyCodec,
  removeVoterRequestCodec,
  type VoterChangeReply,
} from '../../src/wire/voter-change-messages.ts';
import { RenewedChannel } from './renewed-channel.ts';
import type { VoterAddresses } from './voter-process.ts';

export class VoterCalls {
  readonly addresses: VoterAddresses;
  readonly #api: RenewedChannel;
  readonly #peer: RenewedChannel;

  constructor(addresses: VoterAddresses) {
    this.addresses = addresses;
    this.#api = new RenewedChannel(addresses.api);
    this.#peer = new RenewedChannel(addresses.peer);
  }

  getQuorum(deadlineMs: number): Promise<Result<QuorumReply, Status>> {
    return this.#api.call({
      method: 'odradek.v1.QuorumService/GetQuorum',
      request: undefined,
      requestCodec: getQuorumRequestCodec,
      replyCodec: quorumReplyCodec,
      deadlineMs,
    });
  }

  /** Answered by this voter, or refused: it passes nothing on. */
  ask(clusterId: ClusterId, call: LeaderCall, deadlineMs: number): Promise<Result<LeaderAnswer, Status>> {
    return this.#peer.call({
      method: peerMethods.askLeader,
      request: { clusterId, call },
      requestCodec: leaderCallCodec,
      replyCodec: leaderAnswerCodec,
      deadlineMs,
    });
  }

  /** Passed on to whoever leads. */
  decide(request: MetadataRequest, deadlineMs: number): Promise<Result<DecideReply, Status>> {
    return this.#peer.call({
      method: controlMethods.decide,
      request,
      requestCodec: decideRequestCodec,
      replyCodec: decideReplyCodec,
      deadlineMs,
    });
  }

  addVoter(voter: Voter, deadlineMs: number): Promise<Result<VoterChangeReply, Status>> {
    return this.#api.call({
      method: 'odradek.v1.QuorumService/AddVoter',
      request: { change: { type: 'add', voter }, validateOnly: false },
      requestCodec: addVoterRequestCodec,
      replyCodec: addVoterReplyCodec,
      deadlineMs,
    });
  }

  removeVoter(
    voter: Pick<Voter, 'voterId' | 'directoryId'>,
    deadlineMs: number,
  ): Promise<Result<VoterChangeReply, Status>> {
    return this.#api.call({
      method: 'odradek.v1.QuorumService/RemoveVoter',
      request: { change: { type: 'remove', ...voter }, validateOnly: false },
      requestCodec: removeVoterRequestCodec,
      replyCodec: removeVoterReplyCodec,
      deadlineMs,
    });
  }

  /** The committed log as this voter holds it. */
  async records(deadlineMs: number): Promise<Result<readonly Entry[], Status>> {
    const runs = await this.#api.collect({
      method: 'odradek.v1.QuorumService/GetMetadataRecords',
      request: { fromIndex: indexZero, limit: 0, follow: false },
      requestCodec: metadataRecordsRequestCodec,
      replyCodec: metadataRecordsReplyCodec,
      deadlineMs,
    });
    return runs.ok ? ok(runs.value.flat()) : runs;
  }

  close(): void {
    this.#api.close();
    this.#peer.close();
  }
}
