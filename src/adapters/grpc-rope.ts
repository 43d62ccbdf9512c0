/**
 * The one-copy send: messages in parts that grpc-js copies once, straight into its own frame.
 *
 * grpc-js 1.14.7 asks three things of an outgoing message: `length`, `byteLength` and `copy(frame, 5)`
 * (compression-filter.js writeMessage, server-interceptors.js serializeMessage), after it has written the five
 * bytes before it: a zero, and the length. An object with just these saves the copy that joins header and payload.
 * And since grpc-js writes the next message of a call only when the one before has left, which costs a turn of the
 * loop and a system call each, a rope may hold several: it then writes the five bytes of each itself.
 *
 *   0        1            5                    5 + n
 *   +--------+------------+--------------------+--------+------------+---------
 *   | 0      | length n   | first message, n   | 0      | length m   | second message, m ...
 *   +--------+------------+--------------------+--------+------------+---------
 *
 * These are inside facts of that version, so any other version gets one ordinary Buffer at a time;
 * test/adapters/grpc-rope.test.ts fails when the facts or the version change.
 */
import { createRequire } from 'node:module';
import { assert } from '../base/assert.ts';
import type { OwnedParts } from '../ports/stream.ts';

/** In front of each gRPC message. */
const prefixBytes = 5;

export class Rope {
  /** As grpc-js counts: without the first prefix, which it makes room for. */
  readonly length: number;
  readonly byteLength: number;
  readonly #messages: readonly OwnedParts[];

  constructor(ownedMessages: readonly OwnedParts[]) {
    assert(ownedMessages.length > 0, 'a rope holds a message');
    this.#messages = ownedMessages;
    let length = -prefixBytes;
    for (const message of ownedMessages) length += prefixBytes + bytesOf(message);
    this.length = length;
    this.byteLength = length;
  }

  copy(frame: Uint8Array, frameStart: number): number {
    assert(frameStart === prefixBytes, 'grpc-js leaves room for one prefix', { frameStart });
    let at = 0;
    for (const message of this.#messages) {
      writePrefix(frame, at, bytesOf(message));
      at += prefixBytes;
      for (const part of message) {
        frame.set(part, at);
        at += part.length;
      }
    }
    return this.length;
  }
}

function writePrefix(frame: Uint8Array, at: number, length: number): void {
  frame[at] = 0;
  frame[at + 1] = length >>> 24;
  frame[at + 2] = (length >>> 16) & 0xff;
  frame[at + 3] = (length >>> 8) & 0xff;
  frame[at + 4] = length & 0xff;
}

export function bytesOf(parts: OwnedParts): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}

export const ropeVersion = '1.14.7';

export function grpcVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('@grpc/grpc-js/package.json');
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';
}

export const ropesWork = grpcVersion() === ropeVersion;

/** The type says Buffer because grpc-js asks for one; see above for what it uses of it. */
export function grpcMessage(ownedParts: OwnedParts, ropes: boolean = ropesWork): Buffer {
  return ropes ? grpcMessages([ownedParts]) : Buffer.concat(ownedParts);
}

/** Several messages in one write; only where ropes work. */
export function grpcMessages(ownedMessages: readonly OwnedParts[]): Buffer {
  return new Rope(ownedMessages) as unknown as Buffer;
}
