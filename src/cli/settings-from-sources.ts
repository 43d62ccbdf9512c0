/**
 * Reads the three places where settings are written: the environment, --set flags, and a YAML file.
 */
import { ok, refused, type Result } from '../base/result.ts';
import type { WrittenSetting } from './resolve-settings.ts';
import type { Written } from './setting-kinds.ts';

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

/** `fileName` is for origins only. Loads the YAML library on first use: most starts need no file. */
export async function settingsFromYaml(
  yaml: string,
  fileName: string,
): Promise<Result<WrittenSetting[], readonly string[]>> {
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter, prettyErrors: false });
  const at = (position: number): string => `${fileName}:${lineCounter.linePos(position).line}`;
  const problems = document.errors.map((error) => `${at(error.pos[0])}: ${error.message}`);
  const settings: WrittenSetting[] = [];

  const valueOf = (node: unknown): Written | undefined => {
    if (isScalar(node)) return isPlain(node.value) ? node.value : undefined;
    if (!isSeq(node)) return undefined;
    const items = node.items.map((item) => (isScalar(item) ? item.value : undefined));
    return items.every(isPlain) ? items.map(String) : undefined;
  };
  const walk = (node: unknown, path: string): void => {
    if (!isMap(node)) {
      problems.push(`${fileName}: ${path === '' ? 'the file' : path} holds no names with values below it`);
      return;
    }
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const name = path === '' ? String(key.value) : `${path}.${String(key.value)}`;
      const origin = at(key.range?.[0] ?? 0);
      const written = valueOf(value);
      if (written !== undefined) settings.push({ key: name, written, origin });
      else if (isMap(value)) walk(value, name);
      // An empty section, as in a file where everything below it is commented out.
      else if (path !== '' || !(value === null || isScalar(value))) problems.push(`${origin}: ${name} has no value`);
    }
  };
  if (document.contents !== null && problems.length === 0) walk(document.contents, '');
  return problems.length > 0 ? refused(problems) : ok(settings);
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
