/**
 * The codecs of the metadata in one hand: of its log, of the controller, and of the service for nodes without a vote.
 */
import {
  controlCallCodec,
  controlReplyCodec,
  currentRevisionReplyCodec,
  decideReplyCodec,
  decideRequestCodec,
  followReplyCodec,
  followRequestCodec,
  heartbeatReplyCodec,
  heartbeatRequestCodec,
} from './control-codec.ts';
import { metadataBatchCodec, metadataSnapshotCodec } from './metadata-log-codec.ts';
import { describedQuorumCodec } from './quorum-messages.ts';
import { raftQuorumCodecs } from './raft-quorum-codecs.ts';

export const metadataQuorumCodecs = {
  log: { batch: metadataBatchCodec, snapshot: metadataSnapshotCodec },
  control: { call: controlCallCodec, reply: controlReplyCodec },
  service: {
    call: controlCallCodec,
    reply: controlReplyCodec,
    decideRequest: decideRequestCodec,
    decideReply: decideReplyCodec,
    heartbeatRequest: heartbeatRequestCodec,
    heartbeatReply: heartbeatReplyCodec,
    currentRevisionReply: currentRevisionReplyCodec,
    description: describedQuorumCodec,
  },
  follow: {
    request: followRequestCodec,
    reply: followReplyCodec,
    statusOfHelloProblem: raftQuorumCodecs.statusOfHelloProblem,
  },
} as const;
