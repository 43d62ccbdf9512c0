/**
 * Zstandard as WebAssembly, for the releases of Node.js whose zlib does not have it.
 *
 * The package's own JavaScript starts asynchronously and sets no bound on what comes out, so its binary is used alone.
 * The names of the exports are one letter each, a matter of its build: hence the exact pin in package.json, and the
 * check in batch-codec.ts before anything is trusted to it.
 */
// tidy: package: the compiled code of a codec is read once, as an import would read it
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { assert } from '../base/assert.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { DecompressProblem } from './decompressed-bytes.ts';
import type { CodecRoutines } from './zlib-codec.ts';

type Call = (...numbers: readonly number[]) => number;

interface Exports {
  readonly f: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** Runs the constructors. */
  readonly g: Call;
  readonly h: Call;
  readonly i: Call;
  readonly m: Call;
  readonly r: Call;
  readonly s: Call;
  readonly t: Call;
}

/** The types of Node.js 20 know only its name. */
declare const WebAssembly: {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** Zstandard's own default. */
const level = 3;
const pageBytes = 64 * 1024;
const firstTargetBytes = 64 * 1024;
const targetGrowth = 4;
/** The answer of ZSTD_decompress, negated, if the target is too small. */
const targetTooSmall = 70;

/** Throws if the package is not there. */
export function loadZstdWasm(): CodecRoutines {
  const entry = createRequire(import.meta.url).resolve('@bokuweb/zstd-wasm');
  const binary = readFileSync(entry.replace(/index\.node\.js$/, 'zstd.wasm'));
  return new ZstdWasm(new WebAssembly.Module(binary));
}

class ZstdWasm implements CodecRoutines {
  readonly #exports: Exports;

  constructor(module: object) {
    const instance = new WebAssembly.Instance(module, { a: this.#imports() });
    this.#exports = instance.exports as Exports;
    this.#exports.g();
  }

  compress(borrowedBytes: Uint8Array): Uint8Array {
    const { h: isError, i: compressBound, m: compress } = this.#exports;
    const targetBytes = compressBound(borrowedBytes.length);
    return this.#withMemory(borrowedBytes, targetBytes, (target, source) => {
      const bytes = compress(target, targetBytes, source, borrowedBytes.length, level);
      assert(isError(bytes) === 0, 'what fits the bound is compressed', { bytes });
      return this.#copyOut(target, bytes);
    });
  }

  /** The target grows with what fits into it, because a frame need not say its size, and may lie about it. */
  decompress(borrowedFrame: Uint8Array, bytesMax: number): Result<Uint8Array, DecompressProblem> {
    const { h: isError, r: decompress } = this.#exports;
    const frameBytes = borrowedFrame.length;
    for (let room = Math.min(bytesMax, firstTargetBytes + frameBytes * targetGrowth); ; room *= targetGrowth) {
      const targetBytes = Math.min(room, bytesMax);
      const outcome = this.#withMemory(borrowedFrame, targetBytes, (target, source) => {
        const bytes = decompress(target, targetBytes, source, frameBytes);
        return isError(bytes) === 0 ? this.#copyOut(target, bytes) : -bytes;
      });
      if (typeof outcome !== 'number') return ok(outcome);
      if (outcome !== targetTooSmall) return refused('garbage');
      if (targetBytes === bytesMax) return refused('too-large');
    }
  }

  #withMemory<Outcome>(
    borrowedSource: Uint8Array,
    targetBytes: number,
    use: (target: number, source: number) => Outcome,
  ): Outcome {
    const { s: allocate, t: release } = this.#exports;
    const target = allocate(targetBytes);
    const source = allocate(borrowedSource.length);
    try {
      assert(target !== 0 && source !== 0, 'the memory of the codec grows with what is asked of it');
      this.#memory().set(borrowedSource, source);
      return use(target, source);
    } finally {
      release(source);
      release(target);
    }
  }

  #copyOut(at: number, bytes: number): Uint8Array {
    return this.#memory().slice(at, at + bytes);
  }

  /** Made anew for each use: the one before is detached when the memory grows. */
  #memory(): Uint8Array {
    return new Uint8Array(this.#exports.f.buffer);
  }

  /** What the binary asks of its host: more memory, and four functions that end or time a program, never called. */
  #imports(): object {
    const never = (): never => {
      throw new Error('the codec called what it never calls');
    };
    return { a: never, b: never, c: never, d: never, e: (bytes: number) => this.#growTo(bytes) };
  }

  #growTo(bytes: number): number {
    const memory = this.#exports.f;
    const missing = (bytes >>> 0) - memory.buffer.byteLength;
    try {
      memory.grow(Math.ceil(missing / pageBytes));
      return 1;
    } catch {
      return 0;
    }
  }
}
