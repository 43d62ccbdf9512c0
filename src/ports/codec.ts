/**
 * Between domain values and bytes. Drivers speak values; node/ hands them the codecs of wire/, so that nothing
 * above knows how a message looks on a wire or on a disk.
 */
import type { Result } from '../base/result.ts';

export interface Undecodable {
  readonly type: 'undecodable';
  readonly why: string;
  /** The field that no value can hold, as the proto file writes it; undefined when the bytes are no message at all. */
  readonly field?: string;
}

export interface Codec<Value> {
  encode(value: Value): Uint8Array;
  /** The value may keep views into `ownedBytes`. */
  decode(ownedBytes: Uint8Array): Result<Value, Undecodable>;
}
