/**
 * Reads settings from a YAML file, each with its line. Loaded when there is a file: most starts need none, and the
 * YAML library costs a tenth of a start.
 */
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { ok, refused, type Result } from '../base/result.ts';
import type { WrittenSetting } from './resolve-settings.ts';
import type { Written } from './setting-kinds.ts';

/** `fileName` is for origins only. */
export function settingsFromYaml(yaml: string, fileName: string): Result<WrittenSetting[], readonly string[]> {
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
