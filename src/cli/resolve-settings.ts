/**
 * From sources to settings: flag over environment over file over default, and every mistake found at once.
 *
 * Each value keeps its origin, because "where does this come from" is the first question about any setting.
 */
import { ok, refused, type Result } from '../base/result.ts';
import { suggestion } from '../base/nearest-name.ts';
import type { Written } from './setting-kinds.ts';
import type { SettingTable, SettingValues } from './setting-table.ts';

/** One key as one source has it. */
export interface WrittenSetting {
  readonly key: string;
  readonly written: Written;
  /** For people: `odradek.yaml:12`, `ODRADEK_NODE__ID`, `--set`. */
  readonly origin: string;
}

export interface ResolvedSetting {
  readonly key: string;
  readonly written: Written;
  readonly origin: string;
  readonly secret: boolean;
}

export interface Resolution<Table extends SettingTable> {
  readonly values: SettingValues<Table>;
  /** In the order of the table. */
  readonly settings: readonly ResolvedSetting[];
}

/** `sources` come weakest first. The refusal lists every problem, one sentence each. */
export function resolveSettings<Table extends SettingTable>(
  table: Table,
  sources: readonly (readonly WrittenSetting[])[],
): Result<Resolution<Table>, readonly string[]> {
  const problems: string[] = [];
  const strongest = new Map<string, WrittenSetting>();
  for (const given of sources.flat()) {
    if (Object.hasOwn(table, given.key)) strongest.set(given.key, given);
    else problems.push(`${given.origin}: there is no setting ${given.key}${suggestion(given.key, Object.keys(table))}`);
  }

  const settings: ResolvedSetting[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(table)) {
    const { written, origin } = strongest.get(key) ?? { written: setting.written, origin: 'default' };
    const value = setting.read(written);
    if (value.ok) values[key] = value.value;
    else problems.push(`${origin}: ${key} is ${shown(written, setting.secret)}, which ${value.problem}`);
    settings.push({ key, written, origin, secret: setting.secret });
  }
  if (problems.length > 0) return refused(problems);
  return ok({ values: values as SettingValues<Table>, settings });
}

export function shown(written: Written, secret: boolean): string {
  if (secret) return '***';
  return typeof written === 'object' ? `[${written.join(', ')}]` : String(written);
}

/** What --print-config prints: each setting as YAML, with where it comes from. */
export function printSettings(settings: readonly ResolvedSetting[]): string {
  const lines: string[] = [];
  let section = '';
  for (const { key, written, origin, secret } of settings) {
    const [sectionOfKey = '', name = ''] = key.split('.');
    if (sectionOfKey !== section) lines.push(`${sectionOfKey}:`);
    section = sectionOfKey;
    lines.push(`${`  ${name}: ${secret ? shown(written, secret) : inYaml(written)}`.padEnd(44)} # ${origin}`);
  }
  return `${lines.join('\n')}\n`;
}

function inYaml(written: Written): string {
  if (typeof written === 'object') return `[${written.map(inYaml).join(', ')}]`;
  return typeof written === 'string' && !readsBackBare(written) ? JSON.stringify(written) : String(written);
}

/** False for what YAML would take for something else, as it does [::1]:7081 for a list. */
function readsBackBare(text: string): boolean {
  const isWord = /^[\w./](?:[\w./@:-]*[\w./@-])?$/.test(text) && text.toLowerCase() !== 'null';
  return isWord && (Number.isNaN(Number(text)) || String(Number(text)) === text);
}
