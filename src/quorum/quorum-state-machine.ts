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
   * In the order of the log, each entry once between two `restore`s; `upTo` is the last entry, whether or not it was
   * a command. One reply per command, which only the caller that proposed it ever sees.
   * Throws a FaultError for a command that cannot be read: nobody knows then what all others have agreed on.
   */
  apply(commands: readonly CommittedCommand[], upTo: LogIndex): readonly Uint8Array[];
  /** The whole state after everything applied. The caller owns the bytes. */
  snapshot(): Uint8Array;
  /** Replaces the state. Throws a FaultError for bytes that no `snapshot` made. */
  restore(ownedSnapshot: Uint8Array): void;
}
