/**
 * Errors of the operating system in the words of the disk port.
 */
import { DiskError, type DiskProblem } from '../ports/disk.ts';

const problems: Readonly<Record<string, DiskProblem>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  EEXIST: 'exists',
  ENOTEMPTY: 'not-empty',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EBADF: 'closed',
};

/** Runs one call of the system and turns its error into a DiskError, with the error as its cause. */
export async function inWordsOfDisk<Value>(
  facts: { readonly operation: string; readonly path: string },
  call: () => Promise<Value>,
): Promise<Value> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof DiskError) throw cause;
    throw new DiskError(problems[codeOf(cause)] ?? 'io', facts, cause);
  }
}

/** The name of the system's error, such as ENOENT; empty for other errors. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
