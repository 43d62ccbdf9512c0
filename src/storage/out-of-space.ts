/**
 * The one failure of a disk after which everything is still there: it refused to take more.
 */
import { DiskError } from '../ports/disk.ts';

/** Whatever was made of it since. A sync that says so has lost something all the same. */
export function ranOutOfSpace(cause: unknown): boolean {
  if (cause instanceof DiskError) return cause.problem === 'full' && cause.facts['operation'] !== 'sync';
  return cause instanceof Error && ranOutOfSpace(cause.cause);
}
