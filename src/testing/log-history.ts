/**
 * The history of a log: what clients asked of it and were told, one JSON object a line.
 *
 * A line is written when a call begins (`invoke`) and when it ends: `ok`, `fail` (certainly without effect) or `info`
 * (nobody knows). Lines stand in the order in which things happened: an invocation before the call, the end after it.
 * The types below are the lines themselves; README.md in this folder explains them with examples, log-history-parser.ts
 * is strict about them, and log-history-checker.ts judges them.
 */

/** Names a record for the judge, so it is unique within its partition. */
export type HistoryValue = string | number;
/** A value, and where in its partition it is. */
export type LocatedValue = readonly [offset: number, value: HistoryValue];

/** A topic that is deleted and created again is another topic: its history needs another name. */
export interface HistoryPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface HistoryMoment {
  /** Milliseconds since the history began; never goes back from one line to the next. */
  readonly t: number;
  /**
   * One client. It has any number of sends in flight, and one poll or transaction; after a `crash` the next client
   * may go by the same number.
   */
  readonly process: number;
}

/** What was asked for with a send: said once, when it is invoked. */
export interface SendTerms {
  readonly key?: string;
  /** `all` when left out. What is acknowledged by less may be lost, and is then only noted. */
  readonly acks?: HistoryAcks;
  /** True when left out. Without it, retries may duplicate and reorder, which is then only noted. */
  readonly idempotent?: boolean;
  /** Deletes its key where the topic is compacted, and may vanish there itself. */
  readonly tombstone?: boolean;
}
export type HistoryAcks = 'none' | 'leader' | 'all';

/** Why it failed, or why nobody knows: for people. */
interface Ending {
  readonly error?: string;
}

export type SendLine = HistoryMoment &
  HistoryPartition & { readonly f: 'send' } & (
    | ({ readonly type: 'invoke'; readonly value: HistoryValue } & SendTerms)
    /** Without the offset where the answer did not tell one, as with acks `none`. */
    | { readonly type: 'ok'; readonly value: HistoryValue | LocatedValue }
    | ({ readonly type: 'fail' | 'info'; readonly value: HistoryValue } & Ending)
  );

export interface PolledPartition extends HistoryPartition {
  readonly value: readonly LocatedValue[];
}
/** From one partition, or from several. */
export type PollAnswer = PolledPartition | { readonly value: readonly PolledPartition[] };

export type PollLine = HistoryMoment & { readonly f: 'poll' } & (
    | ({ readonly type: 'invoke' } & Partial<HistoryPartition>)
    | ({ readonly type: 'ok' } & PollAnswer)
    | ({ readonly type: 'fail' | 'info' } & Ending)
  );

export type TransactionSend = HistoryPartition &
  Pick<SendTerms, 'key' | 'tombstone'> & { readonly f: 'send'; readonly value: HistoryValue | LocatedValue };
/** Without an answer when it is invoked, and when the transaction did not get as far. */
export type TransactionPoll = { readonly f: 'poll' } & (PollAnswer | { readonly value?: never });

/** Its sends are the same when it is invoked and when it has ended, in the same order. */
export type TransactionLine = HistoryMoment &
  Ending & {
    readonly f: 'txn';
    readonly type: 'invoke' | 'ok' | 'fail' | 'info';
    readonly value: readonly (TransactionSend | TransactionPoll)[];
  };

/** Where reading goes on. Without it: where this process was; a partition that is new to it is read from its start. */
export interface AssignedPartition extends HistoryPartition {
  readonly offset?: number;
}
export interface CommittedPartition extends HistoryPartition {
  readonly offset: number;
}

/** These need no invocation: they do nothing to a log. */
export type AssignLine = HistoryMoment &
  Ending & {
    readonly f: 'assign';
    readonly type: 'invoke' | 'ok' | 'fail' | 'info';
    readonly value: readonly AssignedPartition[];
  };
/** From here on the group decides who reads what, from where, until an assign line says it for this process. */
export type SubscribeLine = HistoryMoment &
  Ending & {
    readonly f: 'subscribe';
    readonly type: 'invoke' | 'ok' | 'fail' | 'info';
    readonly value: readonly string[];
  };
/** The next reader of the group begins at these offsets. */
export type CommitLine = HistoryMoment &
  Ending & {
    readonly f: 'commit';
    readonly type: 'invoke' | 'ok' | 'fail' | 'info';
    readonly value: readonly CommittedPartition[];
  };
/** The client is gone: nobody will know how its calls ended. */
export type CrashLine = HistoryMoment & Ending & { readonly f: 'crash'; readonly type: 'info' };
/** A mark for people: what was done to the cluster. */
export type FaultLine = HistoryMoment & { readonly f: 'fault'; readonly type: 'info'; readonly value: string };

export type HistoryLine =
  | SendLine
  | PollLine
  | TransactionLine
  | AssignLine
  | SubscribeLine
  | CommitLine
  | CrashLine
  | FaultLine;

/** Why a history cannot be judged: it breaks the format, or contradicts itself. */
export interface HistoryFlaw {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}
