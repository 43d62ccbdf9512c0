/**
 * Options that every command takes, read into values.
 */
import { isDialable } from '../base/endpoint.ts';
import { CliError } from './cli-error.ts';
import { duration } from './setting-kinds.ts';

export type OutputFormat = 'table' | 'json';

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

export const brokersDefault = '127.0.0.1:7081';

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
      hint: `for example: odradek -b ${brokersDefault} quorum status`,
    });
  if (written.output !== 'table' && written.output !== 'json')
    throw new CliError({ exit: 'usage', message: `--output is ${written.output}, which is not table or json` });
  const timeoutMs = timeoutSetting.read(written.timeout);
  if (!timeoutMs.ok)
    throw new CliError({ exit: 'usage', message: `--timeout is ${written.timeout}, which ${timeoutMs.problem}` });
  return { brokers, output: written.output, timeoutMs: timeoutMs.value };
}
