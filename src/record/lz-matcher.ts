/**
 * What LZ4 and Snappy have in common: both say what repeats within the last 64 KiB as a distance and a length.
 *
 * Finding is greedy: one place is remembered per hash of four bytes, and where nothing has repeated for a while the
 * strides get longer.
 */

/** Both formats refer back by two bytes. */
const distanceMax = 0xffff;
/** LZ4 cannot say a shorter one; Snappy would gain nothing by it. */
export const matchBytesMin = 4;

const hashBits = 14;
/** A large odd number near 2^32 divided by the golden ratio, which spreads neighbours far apart (Knuth). */
const hashFactor = 0x9e3779b1;
/** After so many failures in a row every second place is tried, after twice as many every third. */
const patience = 64;

/** One for all: filled and forgotten within a call. A place is kept with 1 added, so that 0 means none. */
const places = new Int32Array(1 << hashBits);

export interface MatchSink {
  /** `bytes` from `start` on are those that stand `distance` before. What lies between two matches is literal. */
  onMatch(start: number, distance: number, bytes: number): void;
}

export interface MatchBounds {
  readonly start: number;
  readonly end: number;
  /** No match begins within so many bytes of the end. */
  readonly freeTailBytes: number;
  /** No match reaches within so many bytes of the end. */
  readonly literalTailBytes: number;
}

export function findMatches(borrowedSource: Uint8Array, bounds: MatchBounds, sink: MatchSink): void {
  const { start, end, freeTailBytes, literalTailBytes } = bounds;
  const fields = new DataView(borrowedSource.buffer, borrowedSource.byteOffset, borrowedSource.byteLength);
  const startMax = end - freeTailBytes;
  const matchEndMax = end - literalTailBytes;
  places.fill(0);
  let failures = patience;
  for (let at = start; at <= startMax;) {
    const word = fields.getInt32(at, true);
    const slot = Math.imul(word, hashFactor) >>> (32 - hashBits);
    const before = (places[slot] as number) - 1;
    places[slot] = at + 1;
    if (before < start || at - before > distanceMax || fields.getInt32(before, true) !== word) {
      at += Math.floor(failures / patience);
      failures += 1;
      continue;
    }
    let matchEnd = at + matchBytesMin;
    let like = before + matchBytesMin;
    while (matchEnd < matchEndMax && borrowedSource[matchEnd] === borrowedSource[like]) {
      matchEnd += 1;
      like += 1;
    }
    sink.onMatch(at, at - before, matchEnd - at);
    at = matchEnd;
    failures = patience;
  }
}

/** Above this a call into the engine's own routine costs less than a loop. */
const loopBytesMax = 256;

/** The caller has made sure that there is room. */
export function copyLiterals(target: Uint8Array, to: number, source: Uint8Array, from: number, bytes: number): void {
  if (bytes > loopBytesMax) target.set(source.subarray(from, from + bytes), to);
  else for (let at = 0; at < bytes; at += 1) target[to + at] = source[from + at] as number;
}

/** A match longer than its distance repeats what it has just written. */
export function copyMatch(target: Uint8Array, to: number, distance: number, bytes: number): void {
  const from = to - distance;
  if (bytes > loopBytesMax && distance >= bytes) target.copyWithin(to, from, from + bytes);
  else for (let at = 0; at < bytes; at += 1) target[to + at] = target[from + at] as number;
}
