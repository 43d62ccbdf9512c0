/**
 * The part of a voter that works only while the voter leads: what the voter owes it, and what it owes the voter.
 */
import type { ClusterId } from '../base/ids.ts';
import type { LeaderAnswer } from '../raft/leader-call.ts';
import { refusedCall } from './pending-calls.ts';

/** The voter's own Raft, as its controller uses it. Refused unless this voter leads. */
export interface ControllerQuorum {
  readonly clusterId: ClusterId;
  /** Answered after the state machine has applied it; in the order in which they were proposed. */
  propose(command: Uint8Array): Promise<LeaderAnswer>;
  /** That this voter led after the call, and up to where the log was committed before it (R10). */
  readIndex(): Promise<LeaderAnswer>;
}

export interface ControllerPart {
  /** The voter leads, and its state machine has everything that earlier leaders committed. */
  leads(): void;
  /** It leads no longer. Called before anything that another leader wrote is applied. */
  lost(): void;
  ask(ownedRequest: Uint8Array): Promise<LeaderAnswer>;
  /** Nothing is decided any more; resolves when what was begun has ended. */
  stop(): Promise<void>;
}

export const notServing = refusedCall({ type: 'not-serving' });

/** Of a voter that keeps its log for something else. */
export const noController = (): ControllerPart => ({
  leads() {},
  lost() {},
  ask: () => Promise.resolve(notServing),
  stop: () => Promise.resolve(),
});
