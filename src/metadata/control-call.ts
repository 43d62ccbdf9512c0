/**
 * Calls that only the controller can answer, as voters pass them on to it.
 */
import type { LogIndex } from '../base/raft-position.ts';
import type { BrokerHeartbeat } from './controller-event.ts';
import type { MetadataAnswer, MetadataRefusal, MetadataRequest } from './metadata-command.ts';
import type { BrokerState } from './metadata-image.ts';

export type ControlCall =
  | { readonly type: 'request'; readonly request: MetadataRequest }
  | { readonly type: 'heartbeat'; readonly heartbeat: BrokerHeartbeat };

export type ControlReply = Decided | Heard;

export interface Decided {
  readonly type: 'decided';
  readonly outcome:
    | { readonly type: 'done'; readonly answer: MetadataAnswer }
    | { readonly type: 'refused'; readonly problem: MetadataRefusal };
  readonly revision: LogIndex;
}

export interface Heard {
  readonly type: 'heard';
  /** Undefined: that registration is not in force, or not yet known; register again. */
  readonly state: BrokerState | undefined;
  readonly revision: LogIndex;
}
