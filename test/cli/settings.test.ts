import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { exampleConfig } from '../../src/cli/example-config.ts';
import { printSettings, resolveSettings, type WrittenSetting } from '../../src/cli/resolve-settings.ts';
import { byteSize, duration, endpoint, text, wholeNumber, yesOrNo } from '../../src/cli/setting-kinds.ts';
import { settingsFromEnvironment, settingsFromFlags } from '../../src/cli/settings-from-sources.ts';
import { settingsFromYaml } from '../../src/cli/settings-from-yaml.ts';
import { settingTable } from '../../src/cli/setting-table.ts';

const flag = (key: string, written: string): WrittenSetting => ({ key, written, origin: '--set' });

function problemsOf(...sources: WrittenSetting[][]): readonly string[] {
  const resolution = resolveSettings(settingTable, sources);
  return resolution.ok ? [] : resolution.problem;
}

test('every default reads as a value of its kind', () => {
  const resolution = resolveSettings(settingTable, []);
  expect(resolution).toMatchObject({
    ok: true,
    value: {
      values: {
        'node.id': 1,
        'api.listen': '127.0.0.1:7081',
        'quorum.voters': [],
        'quorum.heartbeat': 100,
        'limits.message_size': 8 * 1024 * 1024,
        'security.allow_insecure_network': false,
      },
    },
  });
});

test('a flag wins over the environment, the environment over the file, the file over the default', async () => {
  const yaml = 'node:\n  id: 2\nquorum:\n  heartbeat: 50ms\nlog:\n  level: warn\n';
  const file = settingsFromYaml(yaml, 'odradek.yaml');
  const environment = settingsFromEnvironment({ ODRADEK_NODE__ID: '3', ODRADEK_QUORUM__HEARTBEAT: '60ms', PATH: '/' });
  const flags = settingsFromFlags(['node.id=4']);
  const resolution = resolveSettings(settingTable, [
    file.ok ? file.value : [],
    environment,
    flags.ok ? flags.value : [],
  ]);
  expect(resolution.ok && resolution.value.values).toMatchObject({
    'node.id': 4,
    'quorum.heartbeat': 60,
    'log.level': 'warn',
    'log.format': 'auto',
  });
  const origins = resolution.ok ? resolution.value.settings : [];
  expect(origins.filter(({ origin }) => origin !== 'default').map(({ key, origin }) => `${key} ${origin}`)).toEqual([
    'node.id --set',
    'quorum.heartbeat ODRADEK_QUORUM__HEARTBEAT',
    'log.level odradek.yaml:6',
  ]);
});

test.each([
  ['quorum.hearbeat', 'quorum.heartbeat'],
  ['api.lisen', 'api.listen'],
  ['node.di', 'node.id'],
  ['limits.mesage_sise', 'limits.message_size'],
])('the unknown setting %s is refused and the nearest known one is named', (written, meant) => {
  expect(problemsOf([flag(written, '1')])).toEqual([`--set: there is no setting ${written}; did you mean ${meant}?`]);
});

test('a setting that is like no other gets no wrong advice', () => {
  expect(problemsOf([flag('weather.forecast', 'rain')])).toEqual(['--set: there is no setting weather.forecast']);
});

test('all mistakes are reported at once, each with its origin', () => {
  expect(problemsOf([flag('node.id', '0'), flag('quorum.heartbeat', '5 parsecs'), flag('x.y', '')])).toEqual([
    '--set: there is no setting x.y',
    '--set: node.id is 0, which is not a whole number from 1 to 2147483647',
    '--set: quorum.heartbeat is 5 parsecs, which is not a duration such as 100ms, 5s, 10m, 2h or 7d',
  ]);
});

test('an unknown name in a file is refused with its line', async () => {
  const file = settingsFromYaml('# mine\nnode:\n  id: 1\n\nquorum:\n  hartbeat: 10ms\n', 'my.yaml');
  expect(problemsOf(file.ok ? [...file.value] : [])).toEqual([
    'my.yaml:6: there is no setting quorum.hartbeat; did you mean quorum.heartbeat?',
  ]);
});

test.each([
  ['- a\n- b\n', 'my.yaml: the file holds no names with values below it'],
  ['node: {id: [', 'my.yaml:1'],
  ['node:\n  id:\n', 'my.yaml:2: node.id has no value'],
  ['node: {id: 1}\nnode: {id: 2}\n', 'my.yaml:2: Map keys must be unique'],
])('the file %j is refused with its place', async (yaml, problem) => {
  const file = settingsFromYaml(yaml, 'my.yaml');
  expect(file.ok ? '' : file.problem.join('\n')).toContain(problem);
});

test('a file of comments and empty sections sets nothing', async () => {
  expect(settingsFromYaml('# nothing\n', 'my.yaml')).toEqual({ ok: true, value: [] });
  expect(settingsFromYaml('node:\n  # id: 2\napi:\n', 'my.yaml')).toEqual({ ok: true, value: [] });
});

test('voters are written as a list in a file and with commas in a flag', async () => {
  const file = settingsFromYaml('quorum:\n  voters:\n    - 1@127.0.0.1:7181\n    - 2@h2:1\n', 'my.yaml');
  const fromFile = resolveSettings(settingTable, [file.ok ? file.value : []]);
  const fromFlag = resolveSettings(settingTable, [[flag('quorum.voters', '1@127.0.0.1:7181, 2@h2:1')]]);
  const voters = [
    { voterId: 1, peerEndpoint: '127.0.0.1:7181' },
    { voterId: 2, peerEndpoint: 'h2:1' },
  ];
  expect(fromFile.ok && fromFile.value.values['quorum.voters']).toEqual(voters);
  expect(fromFlag.ok && fromFlag.value.values['quorum.voters']).toEqual(voters);
  expect(problemsOf([flag('quorum.voters', '1@here')])[0]).toContain('holds 1@here, which is not ID@HOST:PORT');
});

test('a --set without a value is refused with the form to use', () => {
  expect(settingsFromFlags(['node.id'])).toEqual({
    ok: false,
    problem: ['--set node.id: write it as section.name=value'],
  });
});

const unit = { about: '', default: '' };

test.each([
  [duration({ ...unit, min: 0, max: 1e9 }), '100ms', 100],
  [duration({ ...unit, min: 0, max: 1e9 }), '1.5s', 1500],
  [duration({ ...unit, min: 0, max: 1e9 }), '1.1h', 3_960_000],
  [duration({ ...unit, min: 0, max: 1e9 }), '1.005s', 1005],
  [duration({ ...unit, min: 0, max: 1e9 }), '0ms', 0],
  [duration({ ...unit, min: 0, max: 1e9 }), '7d', 604_800_000],
  [byteSize({ ...unit, min: 0, max: 1e12 }), '64KiB', 65_536],
  [byteSize({ ...unit, min: 0, max: 1e12 }), '8MiB', 8_388_608],
  [wholeNumber({ ...unit, min: 1, max: 9 }), '7', 7],
  [wholeNumber({ ...unit, min: 1, max: 9 }), 7, 7],
  [yesOrNo(unit), 'true', true],
  [yesOrNo(unit), false, false],
  [endpoint(unit), '[::1]:7081', '[::1]:7081'],
])('%o reads %j as %j', (kind, written, value) => {
  expect(kind.read(written)).toEqual({ ok: true, value });
});

test.each([
  [duration({ ...unit, min: 0, max: 1000 }), '100', 'is not a duration'],
  [duration({ ...unit, min: 0, max: 1000 }), '1.0001ms', 'is not a whole number of ms'],
  [duration({ ...unit, min: 100, max: 2000 }), '3s', 'is outside 100ms to 2s'],
  [duration({ ...unit, min: 0, max: 1000 }), '5constructor', 'is not a duration'],
  [byteSize({ ...unit, min: 0, max: 1e12 }), '64kb', 'is not a size'],
  [wholeNumber({ ...unit, min: 1, max: 9 }), '1e3', 'is not a whole number'],
  [wholeNumber({ ...unit, min: 1, max: 9 }), true, 'is not a whole number'],
  [text(unit), '', 'is empty'],
  [yesOrNo(unit), 'yes', 'is not true or false'],
  [endpoint(unit), 'localhost', 'is not host:port'],
  [endpoint(unit), 'localhost:70000', 'is not host:port'],
])('%o refuses %j and says what it wants', (kind, written, why) => {
  const result = kind.read(written);
  expect(result.ok ? '' : result.problem).toContain(why);
});

test('secrets are masked wherever settings are shown', () => {
  const table = { 'door.key': wholeNumber({ ...unit, default: 1, min: 0, max: 9, secret: true }) };
  const wrong = resolveSettings(table, [[flag('door.key', 'hunter2')]]);
  expect(wrong.ok ? '' : wrong.problem.join()).not.toContain('hunter2');
  const secret = { 'door.key': text({ ...unit, secret: true }) };
  const right = resolveSettings(secret, [[flag('door.key', 'hunter2')]]);
  const printed = printSettings(right.ok ? right.value.settings : []);
  expect(printed).not.toContain('hunter2');
  expect(printed).toContain('key: ***');
});

test('the printed configuration is YAML that reads back as the same settings', async () => {
  const sources = [
    [
      flag('node.id', '7'),
      flag('quorum.voters', '7@h:1,8@[::1]:7181'),
      flag('api.listen', '[::1]:7081'),
      flag('data.path', '#1: "mine", \\ and yours'),
    ],
  ];
  const first = resolveSettings(settingTable, sources);
  const printed = printSettings(first.ok ? first.value.settings : []);
  const readBack = settingsFromYaml(printed, 'printed.yaml');
  const second = resolveSettings(settingTable, [readBack.ok ? readBack.value : []]);
  expect(first.ok).toBe(true);
  expect(second.ok && second.value.values).toEqual(first.ok && first.value.values);
  expect(printed).toContain('id: 7'.padEnd(10));
  expect(printed).toContain('# --set');
});

test('the example file in cluster/ is the one that the command prints', () => {
  const file = readFileSync(new URL('../../cluster/odradek.example.yaml', import.meta.url), 'utf8');
  expect(file).toBe(exampleConfig(settingTable));
});

test('the example file changes nothing as it is, and names every setting once it is uncommented', async () => {
  const example = exampleConfig(settingTable);
  expect(settingsFromYaml(example, 'example.yaml')).toEqual({ ok: true, value: [] });
  const uncommented = settingsFromYaml(example.replaceAll(/^ {2}#(?=\w)/gm, '  '), 'example.yaml');
  expect(uncommented.ok && uncommented.value.map(({ key }) => key)).toEqual(Object.keys(settingTable));
  expect(problemsOf(uncommented.ok ? uncommented.value : [])).toEqual([]);
});
