import { expect, test } from 'vitest';
import { checkConfigValue, configDefinitions, findConfigDefinition } from '../../src/metadata/config-definitions.ts';

test('every config has a default that fits, a sentence of its own, and a place in the order of names', () => {
  const names = configDefinitions.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)].sort());
  for (const definition of configDefinitions) {
    expect(checkConfigValue(definition, definition.defaultValue), definition.name).toEqual({ ok: true });
    expect(definition.doc, definition.name).toMatch(/^[A-Z].{20,}\.$/);
    expect(definition.scopes.length, definition.name).toBeGreaterThan(0);
  }
});

test.each([
  ['retention.ms', ['-1', '0', '1', '9007199254740991'], ['', '-2', '1.5', '01', '1e3', '9007199254740992', ' 1', 'x']],
  ['min.insync.replicas', ['1', '32', 'auto'], ['0', '33', 'Auto', '']],
  ['durability', ['flushed', 'replicated'], ['FLUSHED', '', 'none']],
])('%s takes what it says and nothing else', (name, good, bad) => {
  const definition = findConfigDefinition(name);
  if (definition === undefined) throw new Error(`no config ${name}`);
  for (const value of good) expect(checkConfigValue(definition, value), value).toEqual({ ok: true });
  for (const value of bad) expect(checkConfigValue(definition, value), value).toMatchObject({ ok: false });
});

test('a value that does not fit is refused with what would', () => {
  const definition = findConfigDefinition('min.insync.replicas');
  if (definition === undefined) throw new Error('no such config');
  expect(checkConfigValue(definition, 'many')).toEqual({ ok: false, problem: 'a whole number from 1 to 32 or auto' });
});
