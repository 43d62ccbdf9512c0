/**
 * The one way in for protobuf bytes: decode, read the fields into domain values, or say what was wrong.
 *
 * protobufjs throws on bytes that are no message, and the translators of this folder throw UnreadableField on a
 * field that no domain value can hold. Both end here as a refusal, so nothing outside wire/ ever catches.
 */
import type { OutOfRange } from '../base/brand.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { Undecodable } from '../ports/codec.ts';

const shownMax = 100;

interface MessageType<Wire> {
  decode(bytes: Uint8Array): Wire;
}

/** Travels only from `must` to `decodeMessage`: it spares each translator a branch per field. */
class UnreadableField extends Error {
  override readonly name = 'UnreadableField';
  readonly field: string;

  constructor(field: string, saying: string) {
    super(`${field} ${saying}`);
    this.field = field;
  }
}

export function decodeMessage<Wire, Value>(
  type: MessageType<Wire>,
  ownedBytes: Uint8Array,
  read: (message: Wire) => Value,
): Result<Value, Undecodable> {
  let message: Wire;
  try {
    message = type.decode(ownedBytes);
  } catch (error) {
    return refused({
      type: 'undecodable',
      why: `the ${ownedBytes.length} bytes are no such message: ${reason(error)}`,
    });
  }
  try {
    return ok(read(message));
  } catch (error) {
    if (error instanceof UnreadableField)
      return refused({ type: 'undecodable', why: error.message, field: error.field });
    throw error;
  }
}

/** The field's value, or the end of the translation with the field's name. */
export function must<Value>(field: string, result: Result<Value, OutOfRange>): Value {
  if (result.ok) return result.value;
  throw new UnreadableField(field, `is ${shown(result.problem.value)}, which is not a ${result.problem.what}`);
}

/** A message inside a bytes field. */
export function mustDecode<Wire>(field: string, type: MessageType<Wire>, ownedBytes: Uint8Array): Wire {
  try {
    return type.decode(ownedBytes);
  } catch (error) {
    throw new UnreadableField(field, `holds bytes that are no such message: ${reason(error)}`);
  }
}

/** For what no Result twin describes, such as an enum number from a newer release. */
export function unreadable(field: string, value: unknown, wanted: string): never {
  throw new UnreadableField(field, `is ${shown(value)}, which is not ${wanted}`);
}

/** A value from outside can be as long as a message; nobody reads all of it in an error. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}... (${text.length} characters)`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
