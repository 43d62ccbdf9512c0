/**
 * A file to look at, piece by piece: opened for reading only, and never held in memory as a whole.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CliError } from './cli-error.ts';

export interface FileBytes {
  readonly sizeBytes: number;
  /** Fewer than asked for at the end of the file. */
  read(position: number, length: number): Uint8Array;
}

/** A node may write the file meanwhile: what it adds is not looked at. */
export function withFileBytes<Value>(path: string, use: (file: FileBytes) => Value): Value {
  const handle = open(path);
  try {
    const { size: sizeBytes } = fstatSync(handle);
    return use({
      sizeBytes,
      read: (position, length) => {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, sizeBytes - position)));
        return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, position));
      },
    });
  } finally {
    closeSync(handle);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw cannotOpen(path, cause);
  }
}

/** `hints`: what to type instead, by the code that the system gives. */
export function cannotOpen(path: string, cause: unknown, hints: Readonly<Record<string, string>> = {}): CliError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const hint = hints[code] === undefined ? {} : { hint: hints[code] };
  const exit = code === 'ENOENT' ? 'not-found' : 'failed';
  return new CliError({ exit, message: `cannot open ${path} (${code})`, ...hint }, cause);
}
