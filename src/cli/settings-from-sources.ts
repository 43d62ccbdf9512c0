/**
 * Reads settings from the environment and from --set flags. The file is read by settings-from-yaml.ts.
 */
import { ok, refused, type Result } from '../base/result.ts';
import type { WrittenSetting } from './resolve-settings.ts';

const prefix = 'ODRADEK_';

/** ODRADEK_SECTION__NAME is section.name. Names without the double underscore belong to the command line tool. */
export function settingsFromEnvironment(environment: Readonly<Record<string, string | undefined>>): WrittenSetting[] {
  const settings: WrittenSetting[] = [];
  for (const [name, written] of Object.entries(environment)) {
    if (written === undefined || !name.startsWith(prefix) || !name.includes('__')) continue;
    const key = name.slice(prefix.length).toLowerCase().replace('__', '.');
    settings.push({ key, written, origin: name });
  }
  return settings;
}

/** Each as `section.name=value`. */
export function settingsFromFlags(flags: readonly string[]): Result<WrittenSetting[], readonly string[]> {
  const settings: WrittenSetting[] = [];
  const problems: string[] = [];
  for (const flag of flags) {
    const equals = flag.indexOf('=');
    if (equals < 1) problems.push(`--set ${flag}: write it as section.name=value`);
    else settings.push({ key: flag.slice(0, equals), written: flag.slice(equals + 1), origin: '--set' });
  }
  return problems.length > 0 ? refused(problems) : ok(settings);
}
