/**
 * Kinds of settings: how a value is written by a person, and what it reads as.
 *
 * A value comes from a YAML file as a text, number, switch or list, and from the environment or a flag as a text;
 * each kind reads all of these. A refusal completes the sentence "quorum.heartbeat is 5 parsecs, which ...".
 */
import { findHostAndPort, isDialable } from '../base/endpoint.ts';
import { ok, refused, type Result } from '../base/result.ts';

/** What a source may hold for one key. */
export type Written = string | number | boolean | readonly string[];

export interface Setting<Value> {
  /** One or more lines for the person who edits the file. */
  readonly about: string;
  /** The default, as one would write it. */
  readonly written: Written;
  /** Never printed in full. */
  readonly secret: boolean;
  read(written: Written): Result<Value, string>;
}

interface Description {
  readonly about: string;
  readonly default: Written;
  readonly secret?: boolean;
}

function setting<Value>(description: Description, read: Setting<Value>['read']): Setting<Value> {
  const { about, default: written, secret = false } = description;
  return { about, written, secret, read };
}

export function text(description: Description): Setting<string> {
  return setting(description, (written) => {
    if (typeof written === 'object') return refused('is a list, not a text');
    // As from a shell variable that is not set; an empty path would be the folder that the process was started in.
    return written === '' ? refused('is empty') : ok(String(written));
  });
}

/** Empty stands for nothing, and is the default. */
export function optionalText(description: Pick<Description, 'about'>): Setting<string | undefined> {
  return setting({ ...description, default: '' }, (written) => {
    if (typeof written === 'object') return refused('is a list, not a text');
    return ok(written === '' ? undefined : String(written));
  });
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

export function wholeNumber(description: Description & Bounds): Setting<number> {
  const { min, max } = description;
  return setting(description, (written) => {
    const value = typeof written === 'string' && /^\d+$/.test(written) ? Number(written) : written;
    const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
    return fits ? ok(value) : refused(`is not a whole number from ${min} to ${max}`);
  });
}

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads as milliseconds. */
export function duration(description: Description & Bounds): Setting<number> {
  const { min, max } = description;
  return quantity({ description, units: durationUnits, what: 'a duration such as 100ms, 5s, 10m, 2h or 7d', min, max });
}

const byteUnits = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;

/** Reads as bytes. */
export function byteSize(description: Description & Bounds): Setting<number> {
  const { min, max } = description;
  return quantity({ description, units: byteUnits, what: 'a size such as 64KiB, 8MiB or 1GiB', min, max });
}

interface QuantityKind extends Bounds {
  readonly description: Description;
  readonly units: Readonly<Record<string, number>>;
  readonly what: string;
}

/** A number always with its unit: a bare 500 has been read as seconds by some and milliseconds by others. */
function quantity({ description, units, what, min, max }: QuantityKind): Setting<number> {
  return setting(description, (written) => {
    const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(String(written)) ?? [];
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (factor === undefined) return refused(`is not ${what}`);
    const product = Number(digits) * factor;
    // 1.1h comes out a hair above 3 960 000 ms.
    const value = Math.round(product);
    if (!Number.isSafeInteger(value) || Math.abs(product - value) > value * 1e-12)
      return refused(`is not a whole number of ${Object.keys(units)[0] ?? ''}`);
    const within = value >= min && value <= max;
    return within ? ok(value) : refused(`is outside ${writeQuantity(min, units)} to ${writeQuantity(max, units)}`);
  });
}

function writeQuantity(value: number, units: Readonly<Record<string, number>>): string {
  const unit = Object.entries(units).findLast(([, factor]) => value % factor === 0 && value >= factor);
  const [name, factor] = unit ?? Object.entries(units)[0] ?? ['', 1];
  return `${value / factor}${name}`;
}

export function choice<const Name extends string>(
  description: Description & { readonly choices: readonly Name[] },
): Setting<Name> {
  const { choices } = description;
  return setting(description, (written) => {
    const chosen = choices.find((name) => name === written);
    return chosen === undefined ? refused(`is not one of ${choices.join(', ')}`) : ok(chosen);
  });
}

export function yesOrNo(description: Description): Setting<boolean> {
  return setting(description, (written) => {
    if (written === true || written === 'true') return ok(true);
    if (written === false || written === 'false') return ok(false);
    return refused('is not true or false');
  });
}

/** host:port, with brackets around an IPv6 address. */
export function endpoint(description: Description): Setting<string> {
  return setting(description, (written) =>
    findHostAndPort(String(written)) !== undefined
      ? ok(String(written))
      : refused('is not host:port, such as 127.0.0.1:7081 or [::1]:7081'),
  );
}

/** Where somebody can be reached; empty: unsaid. */
export function optionalEndpoint(description: Omit<Description, 'default'>): Setting<string | undefined> {
  return setting({ ...description, default: '' }, (written) => {
    if (written === '') return ok(undefined);
    return isDialable(String(written)) ? ok(String(written)) : refused('is not host:port, such as node1.example:7081');
  });
}

/** A YAML list, or one text with commas. */
export function listOf<Item>(
  description: Description & { readonly item: (written: string) => Result<Item, string> },
): Setting<readonly Item[]> {
  return setting(description, (written) => {
    const parts = typeof written === 'object' ? written : String(written).split(',');
    const items: Item[] = [];
    for (const part of parts.map((each) => each.trim()).filter((each) => each !== '')) {
      const item = description.item(part);
      if (!item.ok) return refused(`holds ${part}, which ${item.problem}`);
      items.push(item.value);
    }
    return ok(items);
  });
}
