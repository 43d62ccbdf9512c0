/**
 * Tells damage from trouble that passes, by what LevelDB says when it fails.
 *
 * The difference matters to people: a full disk is emptied and the process started again, a damaged store is given
 * up. LevelDB names corruption it has noticed; a damaged pointer to another of its files shows as a file that
 * cannot be opened under that name.
 */
import { FaultError } from '../base/fault-error.ts';
import { StoreDamageError } from '../ports/key-value-store.ts';

/** What the system says about itself and not about what is stored. */
const passing =
  /No space left|quota|Permission denied|Operation not permitted|Too many open files|Read-only file system|Input\/output error|Cannot allocate|already held|temporarily unavailable/i;

export function isLevelDamage(cause: unknown): boolean {
  for (let error = cause; error instanceof Error; error = error.cause) {
    if (error instanceof StoreDamageError || codeOf(error) === 'LEVEL_CORRUPTION') return true;
    if (codeOf(error) === 'LEVEL_IO_ERROR') return !passing.test(error.message);
  }
  return false;
}

export function levelFault(what: string, facts: FaultError['facts'], cause: unknown): FaultError {
  return isLevelDamage(cause) ? new StoreDamageError(what, facts, cause) : new FaultError(what, facts, cause);
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined;
}
