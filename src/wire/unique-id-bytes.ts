/**
 * Ids of 128 bits as 16 bytes: 32 hex digits everywhere else, half of that where there are many.
 */
import type { OutOfRange } from '../base/brand.ts';
import type { Result } from '../base/result.ts';
import { must } from './decode-message.ts';

export function uniqueIdToBytes(id: string): Uint8Array {
  return Buffer.from(id, 'hex');
}

export function uniqueIdFromBytes<Id>(
  field: string,
  bytes: Uint8Array | null | undefined,
  make: (id: string) => Result<Id, OutOfRange>,
): Id {
  const { buffer, byteOffset, byteLength } = bytes ?? nothing;
  return must(field, make(Buffer.from(buffer, byteOffset, byteLength).toString('hex')));
}

const nothing = new Uint8Array(0);
