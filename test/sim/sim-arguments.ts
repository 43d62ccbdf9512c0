/**
 * The command line of `make sim`, read into a value or a sentence that says what is wrong with it.
 */
import { parseArgs } from 'node:util';
import { ok, refused, type Result } from '../../src/base/result.ts';
import { findScenario, scenarioNames } from './scenarios.ts';

export interface SimArguments {
  readonly scenario: string;
  /** One seed, with its whole trace. */
  readonly seed: number | undefined;
  readonly seeds: number;
  readonly from: number;
  readonly workers: number;
  /** Runs each seed in two processes and compares the traces. */
  readonly twice: boolean;
  readonly stopAtFirst: boolean;
}

const workersDefault = 2;

export function readSimArguments(argv: readonly string[]): Result<SimArguments, string> {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        scenario: { type: 'string', default: 'register' },
        seed: { type: 'string' },
        seeds: { type: 'string', default: '1000' },
        from: { type: 'string', default: '1' },
        workers: { type: 'string', default: String(workersDefault) },
        twice: { type: 'boolean', default: false },
        'stop-at-first': { type: 'boolean', default: false },
      },
    }));
  } catch (fault) {
    return refused(fault instanceof Error ? fault.message : String(fault));
  }
  const scenario = String(values['scenario']);
  if (findScenario(scenario) === undefined)
    return refused(`there is no scenario "${scenario}"; there are: ${scenarioNames().join(', ')}`);
  const numbers: Record<string, number> = {};
  for (const name of ['seed', 'seeds', 'from', 'workers']) {
    const text = values[name];
    if (text === undefined) continue;
    const value = Number(text);
    if (text === '' || !Number.isSafeInteger(value) || value < (name === 'seed' || name === 'from' ? 0 : 1))
      return refused(`--${name} is a whole number, not "${String(text)}"`);
    numbers[name] = value;
  }
  return ok({
    scenario,
    seed: numbers['seed'],
    seeds: numbers['seeds'] ?? 0,
    from: numbers['from'] ?? 0,
    workers: numbers['workers'] ?? workersDefault,
    twice: values['twice'] === true,
    stopAtFirst: values['stop-at-first'] === true,
  });
}
