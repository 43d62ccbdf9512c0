/**
 * Options that every command takes, read into values.
 */
import { isDialable } from '../base/endpoint.ts';
import { suggestion } from '../base/nearest-name.ts';
import { CliError } from './cli-error.ts';
import { duration } from './setting-kinds.ts';

export const outputFormats = ['table', 'wide', 'json', 'ndjson', 'yaml', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface CommonOptions {
  /** Nodes to ask, in this order, until one answers. */
  readonly brokers: readonly string[];
  readonly output: OutputFormat;
  readonly timeoutMs: number;
}

/** As commander hands them over. */
export interface WrittenOptions {
  readonly brokers: string;
  readonly output: string;
  readonly timeout: string;
}

/** A cluster of `odradek dev`, then one of `make quorum`. */
export const brokersDefault = '127.0.0.1:7091,127.0.0.1:7081';

/** As people type it to ask the node there, with the option only where it is needed. */
export function commandFor(endpoint: string): string {
  return brokersDefault.split(',').includes(endpoint) ? 'npx odradek' : `npx odradek -b ${endpoint}`;
}

const timeoutSetting = duration({ about: 'How long a command waits.', default: '5s', min: 1, max: 3_600_000 });

export function readCommonOptions(written: WrittenOptions): CommonOptions {
  const brokers = written.brokers
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  const wrong = brokers.find((each) => !isDialable(each));
  if (wrong !== undefined || brokers.length === 0)
    throw new CliError({
      exit: 'usage',
      message: `--brokers is ${JSON.stringify(wrong ?? written.brokers)}, which is not HOST:PORT[,HOST:PORT...]`,
      hint: 'for example: odradek -b 127.0.0.1:7081 quorum status',
    });
  const output = outputFormats.find((format) => format === written.output);
  if (output === undefined)
    throw new CliError({
      exit: 'usage',
      message: `--output is ${written.output}, which is none of ${outputFormats.join(', ')}${suggestion(written.output, outputFormats)}`,
    });
  const timeoutMs = timeoutSetting.read(written.timeout);
  if (!timeoutMs.ok)
    throw new CliError({ exit: 'usage', message: `--timeout is ${written.timeout}, which ${timeoutMs.problem}` });
  return { brokers, output, timeoutMs: timeoutMs.value };
}
