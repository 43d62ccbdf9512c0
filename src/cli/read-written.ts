/**
 * Values as people write them on the command line, read or refused as misuse.
 */
import { brokerIdFromOutside, type BrokerId } from '../base/ids.ts';
import type { ConfigChange } from '../metadata/metadata-command.ts';
import { CliError } from './cli-error.ts';

/** `what` names the option or argument. */
export function readWholeNumber(what: string, written: string): number {
  const value = /^\d+$/.test(written) ? Number(written) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw misuse(`${what} is ${JSON.stringify(written)}, which is not a whole number`);
}

export function readOptionalNumber(what: string, written: string | undefined): number | undefined {
  return written === undefined ? undefined : readWholeNumber(what, written);
}

export function readBrokerId(what: string, written: string): BrokerId {
  const brokerId = brokerIdFromOutside(readWholeNumber(what, written));
  if (brokerId.ok) return brokerId.value;
  throw misuse(`${what} is ${written}, which is not a number from 1 to 2147483647`);
}

/** `name=value`; the value may be empty and may contain more of the same sign. */
export function readSetting(what: string, written: string): ConfigChange & { readonly value: string } {
  const at = written.indexOf('=');
  if (at > 0) return { name: written.slice(0, at), value: written.slice(at + 1) };
  throw misuse(`${what} is ${JSON.stringify(written)}, which is not name=value`);
}

/** One partition's brokers, the preferred leader first. */
export function readAssignment(written: string): readonly BrokerId[] {
  return written.split(',').map((each) => readBrokerId('--assignment', each.trim()));
}

export function misuse(message: string, hint?: string): CliError {
  return new CliError({ exit: 'usage', message, ...(hint === undefined ? {} : { hint }) });
}
