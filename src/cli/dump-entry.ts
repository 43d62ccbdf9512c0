/**
 * What `odradek storage dump` says about a file, as one plain object per thing that it found: these are its JSON.
 */

/** Text where the bytes are UTF-8, else base64. Null is null. */
export type DumpedField = { readonly text: string } | { readonly base64: string } | null;

export type DumpEntry =
  | { readonly kind: 'file'; readonly path: string; readonly is: string; readonly sizeBytes: number }
  | {
      readonly kind: 'batch';
      readonly position: number;
      readonly sizeBytes: number;
      readonly baseOffset: number;
      readonly lastOffset: number;
      readonly recordCount: number;
      readonly leaderEpoch: number;
      readonly codec: string;
      readonly timestamps: 'producer' | 'append';
      readonly baseTimestampMs: number;
      readonly maxTimestampMs: number;
      readonly producer: { readonly id: number; readonly epoch: number; readonly baseSequence: number } | null;
      readonly isTransactional: boolean;
      readonly isControl: boolean;
      readonly hasDeleteHorizon: boolean;
    }
  | {
      readonly kind: 'record';
      readonly offset: number;
      readonly timestampMs: number;
      readonly key: DumpedField;
      readonly value: DumpedField;
      readonly headers: readonly { readonly name: DumpedField; readonly value: DumpedField }[];
    }
  /** Records inside a batch that is whole. */
  | {
      readonly kind: 'unreadable-records';
      readonly firstOffset: number;
      readonly lastOffset: number;
      readonly why: string;
    }
  /** Bytes that are no batch, up to the next one or the end of the file; and the offsets that are missing, as far as known. */
  | {
      readonly kind: 'damage';
      readonly position: number;
      readonly endPosition: number;
      readonly firstOffset: number | null;
      readonly lastOffset: number | null;
      readonly why: string;
    }
  /** Zeros to the end of the file: reserved, and never written. */
  | { readonly kind: 'unwritten'; readonly position: number; readonly endPosition: number };
