/**
 * A record as a producer hands it in. Null, absent nowhere, and empty are different things all the way to the consumer.
 */

/** A string is written as UTF-8. */
export type FieldToWrite = Uint8Array | string | null;

export interface NewHeader {
  readonly name: Uint8Array | string;
  readonly value: FieldToWrite;
}

export interface NewRecord {
  readonly key: FieldToWrite;
  readonly value: FieldToWrite;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  /** In this order; names may repeat. */
  readonly headers?: readonly NewHeader[] | undefined;
}
