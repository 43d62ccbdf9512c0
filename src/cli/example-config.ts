/**
 * The commented YAML file with every setting at its default, made from the table. `odradek config example` prints it
 * and cluster/odradek.example.yaml is a copy.
 */
import type { Written } from './setting-kinds.ts';
import type { SettingTable } from './setting-table.ts';

const preamble = `# Settings of an Odradek node. Every setting is here with its default, commented out: uncomment what you change.
#
# Also settable as ODRADEK_SECTION__NAME in the environment and as --set section.name=value.
# A flag wins over the environment, the environment over this file, this file over the default.
# Durations and sizes carry their unit: 100ms 5s 10m 2h 7d, 64KiB 8MiB 1GiB.
# \`odradek server --config FILE --print-config\` shows every value and where it comes from.
`;

export function exampleConfig(table: SettingTable): string {
  const lines = [preamble.trimEnd()];
  let section = '';
  for (const [key, { about, written }] of Object.entries(table)) {
    const [sectionOfKey = '', name = ''] = key.split('.');
    if (sectionOfKey !== section) lines.push('', `${sectionOfKey}:`);
    else lines.push('');
    section = sectionOfKey;
    for (const line of about.split('\n')) lines.push(`  # ${line}`);
    lines.push(`  #${name}: ${inYaml(written)}`);
  }
  return `${lines.join('\n')}\n`;
}

function inYaml(written: Written): string {
  return typeof written === 'object' || written === '' ? JSON.stringify(written) : String(written);
}
