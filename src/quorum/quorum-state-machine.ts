/**
 * What the quorum's log drives: deterministic, synchronous, opaque to Raft.
 */
import type { LogIndex, Term } from '../base/raft-position.ts';

export interface CommittedCommand {
  readonly index: LogIndex;
  readonly term: Term;
  readonly bytes: Uint8Array;
}

export interface QuorumStateMachine {
  /**
   * In the order of the log, each entry once between two `restore`s. One reply per command, which only the caller
   * that proposed it ever sees. Bytes that cannot be read are a reply as well, the same on every voter.
   */
  apply(commands: readonly CommittedCommand[]): readonly Uint8Array[];
  /** The whole state after everything applied. The caller owns the bytes. */
  snapshot(): Uint8Array;
  /** Replaces the state. Throws a FaultError for bytes that no `snapshot` made. */
  restore(ownedSnapshot: Uint8Array): void;
}
