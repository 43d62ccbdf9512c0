/**
 * The one-copy send: a message in parts that grpc-js copies once, straight into its own frame.
 *
 * grpc-js 1.14.7 asks three things of an outgoing message: `length`, `byteLength` and `copy(frame, 5)`
 * (compression-filter.js writeMessage, server-interceptors.js serializeMessage). An object with just these saves
 * the copy that joins header and payload. That is an inside fact of that version, so any other version gets
 * an ordinary Buffer; test/adapters/grpc-rope.test.ts fails when the fact or the version changes.
 */
import { createRequire } from 'node:module';
import type { OwnedParts } from '../ports/stream.ts';

export class Rope {
  readonly length: number;
  readonly byteLength: number;
  readonly #parts: OwnedParts;

  constructor(ownedParts: OwnedParts) {
    this.#parts = ownedParts;
    this.length = bytesOf(ownedParts);
    this.byteLength = this.length;
  }

  copy(frame: Uint8Array, frameStart: number): number {
    let at = frameStart;
    for (const part of this.#parts) {
      frame.set(part, at);
      at += part.length;
    }
    return this.length;
  }
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

const ropesWork = grpcVersion() === ropeVersion;

/** The type says Buffer because grpc-js asks for one; see above for what it uses of it. */
export function grpcMessage(ownedParts: OwnedParts, ropes: boolean = ropesWork): Buffer {
  return ropes ? (new Rope(ownedParts) as unknown as Buffer) : Buffer.concat(ownedParts);
}
