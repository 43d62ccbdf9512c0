/**
 * Byte-credited bidirectional streams between processes, the only way anything crosses a network.
 *
 * A stream carries messages (byte strings) in order in both directions, exactly as a gRPC call does: the opener
 * sends messages and then ends its half; the acceptor sends messages and then closes the stream with a status.
 * A unary call is a stream with one message each way (ports/unary.ts). test/conformance/stream.ts states the promises.
 *
 * Credit. `send` never waits. While `creditBytes` is positive a sender may send one more message of any allowed
 * size (so the last one may overdraw); at zero or below it must wait for `onCredit`. Credit comes back when
 * the receiver releases what it received, so a slow reader pins its window and no more.
 *
 * Ownership. The bytes of a sent message belong to the stream from then on: never change them. A received
 * message belongs to the handler.
 */
import type { Status } from '../base/status.ts';

/** Parts are sent one after the other as one message: a small header and a large payload need no copy to be joined. */
export type OwnedParts = readonly Uint8Array[];

export interface StreamHandlers {
  /** One message, in order. Its bytes count against the window until `release`. */
  onMessage(ownedMessage: Uint8Array): void;
  /** Credit is positive again after it was used up. */
  onCredit(): void;
  /** The other side ended its half: no message follows. Acceptor's side only; openers learn the end by onClose. */
  onEnd(): void;
  /** The last call on these handlers, exactly once, whoever ended the stream and however. */
  onClose(status: Status): void;
}

interface SharedHalf {
  /** Bytes that may be sent before waiting; may be negative after an overdraft. 0 once closed. */
  readonly creditBytes: number;
  /** Dropped without an error when the stream is closed: onClose tells. Asserts that credit was positive. */
  send(ownedParts: OwnedParts): void;
  /** The handler is done with that many received bytes: the other side may send as many more. */
  release(receivedBytes: number): void;
}

/** The opener's end of a stream. */
export interface OpenedStream extends SharedHalf {
  /** No message follows from this side. */
  end(): void;
  /** Ends the stream at once in both directions; both sides' onClose say `cancelled` (or a status that raced it). */
  reset(): void;
}

/** The acceptor's end of a stream. */
export interface AcceptedStream extends SharedHalf {
  /** Delivers what was sent, then ends both directions. The opener's onClose gets `status`. */
  close(status: Status): void;
}

export interface StreamOptions {
  /** The whole stream ends with deadline-exceeded, on both sides, when it lasts longer. Undefined: no limit. */
  readonly deadlineMs: number | undefined;
  /** Small facts about the call, lower-case names, printable ASCII values. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A way to one endpoint. Connects when first needed and again after a loss; each stream fails on its own. */
export interface Channel {
  readonly endpoint: string;
  /** `method` is written package.Service/Method. Fails by onClose (`unavailable` when nobody answers), never by throwing. */
  open(method: string, options: StreamOptions, handlers: StreamHandlers): OpenedStream;
  /** Resets the streams that are open and opens no more. */
  close(): void;
}

/** What an acceptor knows of a stream before its first message. */
export interface IncomingStream {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The address of the other side, for logs and limits. */
  readonly peer: string;
  /** The authority that the caller dialled: host and port as the caller knows them. */
  readonly authority: string;
  /** Milliseconds that the caller will wait from now on; undefined when it set no deadline. */
  readonly deadlineMs: number | undefined;
}

/** Called for every stream that arrives; returns what the stream's events are to call. */
export type StreamAcceptor = (incoming: IncomingStream, stream: AcceptedStream) => StreamHandlers;

export interface ListenOptions {
  /** host:port; port 0 picks a free one. */
  readonly endpoint: string;
  /** One acceptor per method, written package.Service/Method. Others are refused with `unimplemented`. */
  readonly methods: ReadonlyMap<string, StreamAcceptor>;
}

export interface Listener {
  /** With the port that was picked. */
  readonly endpoint: string;
  /** Takes no new streams; resolves when the open ones have ended, or after `graceMs`, when it resets them. */
  close(graceMs: number): Promise<void>;
}

export interface Network {
  /** Channels are not shared: each has its own connection, so bulk on one never delays another. */
  channel(endpoint: string): Channel;
  /** Rejects with a FaultError when the endpoint cannot be had. */
  listen(options: ListenOptions): Promise<Listener>;
}

/** Limits that both sides of every stream keep. */
export interface StreamLimits {
  /** Larger messages end the stream with `resource-exhausted`, on the receiver's side before they are buffered. */
  readonly messageBytesMax: number;
  /** Received and not yet released bytes per stream; also the credit of a fresh stream. */
  readonly windowBytes: number;
}

export const streamLimitsDefault: StreamLimits = { messageBytesMax: 8 * 1024 * 1024, windowBytes: 1024 * 1024 };
