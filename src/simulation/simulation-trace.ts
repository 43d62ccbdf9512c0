/**
 * What happened, one line per event, and the hash of all of it.
 *
 * Two runs of one seed must give one hash: every line, with its virtual time and its node, goes into it. Only
 * the last lines are kept, which is what a person reads when a seed fails.
 *
 *      1042.317 n2      crash
 *      1042.902 n1      closed Register/Call to n2: unavailable
 */
import { assert } from '../base/assert.ts';

const bytesFoldedMax = 4096;

export interface TraceHash {
  /** 16 hex digits. */
  readonly hash: string;
  readonly lines: number;
}

interface TraceEntry {
  readonly atMs: number;
  readonly node: string;
  readonly text: string;
}

export class SimulationTrace {
  readonly #entriesKept: number;
  readonly #entries: TraceEntry[] = [];
  readonly #nowMs: () => number;
  readonly #observe: ((line: string) => void) | undefined;
  #lines = 0;
  #high = 0x6a09e667;
  #low = 0x3c6ef372;

  /** `observe` gets every line as it is written: for printing a whole run. */
  constructor(nowMs: () => number, options: { readonly linesKept: number; readonly observe?: (line: string) => void }) {
    assert(options.linesKept >= 1, 'a trace keeps at least one line', { linesKept: options.linesKept });
    this.#nowMs = nowMs;
    this.#entriesKept = options.linesKept;
    this.#observe = options.observe;
  }

  record(node: string, text: string): void {
    const entry: TraceEntry = { atMs: this.#nowMs(), node, text };
    this.#entries[this.#lines % this.#entriesKept] = entry;
    this.#lines += 1;
    this.foldNumber(entry.atMs * 1024);
    this.#foldText(node);
    this.#foldText(text);
    this.#observe?.(lineOf(entry));
  }

  /** Makes a number part of the hash without a line of its own. */
  foldNumber(value: number): void {
    this.#low = Math.imul(this.#low ^ (value | 0), 0x01000193) ^ (this.#high >>> 15);
    this.#high = Math.imul(this.#high ^ ((value / 2 ** 32) | 0), 0x5bd1e995) ^ (this.#low >>> 13);
  }

  /** All of a short message, samples of a long one. */
  foldBytes(bytes: Uint8Array): void {
    let low = this.#low;
    let high = this.#high;
    const step = Math.ceil(bytes.length / bytesFoldedMax);
    for (let at = 0; at < bytes.length; at += step) {
      low = Math.imul(low ^ (bytes[at] as number), 0x01000193) ^ (high >>> 15);
      high = Math.imul(high, 0x5bd1e995) ^ (low >>> 13);
    }
    this.#low = low;
    this.#high = high;
  }

  get outcome(): TraceHash {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return { hash: hex(this.#high) + hex(this.#low), lines: this.#lines };
  }

  /** Oldest first. */
  lastLines(): readonly string[] {
    const kept = Math.min(this.#lines, this.#entriesKept);
    return Array.from({ length: kept }, (_, at) =>
      lineOf(this.#entries[(this.#lines - kept + at) % this.#entriesKept] as TraceEntry),
    );
  }

  #foldText(text: string): void {
    let low = this.#low;
    let high = this.#high;
    for (let at = 0; at < text.length; at += 1) {
      low = Math.imul(low ^ text.charCodeAt(at), 0x01000193) ^ (high >>> 15);
      high = Math.imul(high, 0x5bd1e995) ^ (low >>> 13);
    }
    this.#low = low;
    this.#high = high;
  }
}

function lineOf({ atMs, node, text }: TraceEntry): string {
  return `${atMs.toFixed(3).padStart(12)} ${node.padEnd(8)} ${text}`;
}
