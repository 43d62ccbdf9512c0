/**
 * What the controller is told and what it asks for: the contract between metadata-controller.ts and its driver.
 *
 * The driver's duties
 * 1. Feed events one at a time, in order. `nowMs` never goes back.
 * 2. Say `leads` once this voter leads and its state machine has applied the first entry of its own term, and `lost`
 *    as soon as it leads no longer, before anything that another leader wrote is applied.
 * 3. Propose batches in the order listed, each once, and say how each ended with `batch-ended`: those that were
 *    committed in the order of the log, and after the state machine has applied them.
 * 4. Answer each `confirm` once with `confirmed`: whether this voter still led after the effect was listed, as a
 *    read of the quorum shows (R10).
 * 5. `committed` is the state machine's image at the time of the event.
 */
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { MetadataAnswer, MetadataRefusal, MetadataRequest } from './metadata-command.ts';
import type { BrokerState, MetadataImage } from './metadata-image.ts';
import type { MetadataBatch } from './metadata-record.ts';

export interface BrokerHeartbeat {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  /** The broker's image has everything up to here. */
  readonly revision: LogIndex;
  /** It goes now, and will not be heard again: it need not be waited for. */
  readonly isLeaving: boolean;
}

/** What became of a proposed batch. */
export type BatchEnd =
  /** `isVoid`: it is in the log and counts for nothing. */
  | { readonly type: 'committed'; readonly index: LogIndex; readonly isVoid: boolean }
  /** Never appended, and never will be. `limit`: which one stood in the way; undefined: this voter does not lead. */
  | { readonly type: 'refused'; readonly limit: string | undefined }
  | { readonly type: 'unknown' };

interface Timed {
  readonly nowMs: number;
  readonly committed: MetadataImage;
}

export type ControllerEvent = Timed &
  (
    | { readonly type: 'leads' }
    | { readonly type: 'lost' }
    | { readonly type: 'request'; readonly callId: number; readonly request: MetadataRequest }
    | { readonly type: 'heartbeat'; readonly callId: number; readonly heartbeat: BrokerHeartbeat }
    | { readonly type: 'batch-ended'; readonly batchId: number; readonly end: BatchEnd }
    | { readonly type: 'confirmed'; readonly callId: number; readonly isLeader: boolean }
    | { readonly type: 'tick' }
  );

/** How a request ends, as far as the controller can tell. */
export type RequestEnd =
  | { readonly type: 'done'; readonly answer: MetadataAnswer; readonly revision: LogIndex }
  | { readonly type: 'refused'; readonly problem: MetadataRefusal; readonly revision: LogIndex }
  /** No effect; somebody else may be asked. */
  | { readonly type: 'not-leading' }
  /** No effect. */
  | { readonly type: 'overloaded'; readonly limit: string }
  | { readonly type: 'outcome-unknown' };

export type HeartbeatEnd =
  /** `state` is the committed one. */
  | { readonly type: 'heard'; readonly state: BrokerState; readonly revision: LogIndex }
  /** That registration is not in force, or not known here yet: register again. */
  | { readonly type: 'not-registered' }
  | { readonly type: 'not-leading' };

export type ControllerEffect =
  | { readonly type: 'propose'; readonly batchId: number; readonly batch: MetadataBatch }
  | { readonly type: 'confirm'; readonly callId: number }
  | { readonly type: 'answer'; readonly callId: number; readonly end: RequestEnd }
  | { readonly type: 'answer-heartbeat'; readonly callId: number; readonly end: HeartbeatEnd }
  /** Facts, for logs. */
  | { readonly type: 'broker-fenced'; readonly brokerId: BrokerId; readonly brokerEpoch: BrokerEpoch }
  | { readonly type: 'broker-active'; readonly brokerId: BrokerId; readonly brokerEpoch: BrokerEpoch }
  | ({ readonly type: 'leaders-elected' } & ElectionCounts);

export interface ElectionCounts {
  /** Partitions that their preferred replica leads again. */
  readonly preferred: number;
  /** Partitions that may have lost records by it. */
  readonly unclean: number;
}
