/**
 * `odradek version`: loads nothing that it does not need, because scripts call it often.
 */
import type { OutputFormat } from './command-options.ts';
import { apiPackages, releaseVersion } from './release.ts';
import type { Terminal } from './terminal.ts';

export function printVersion(terminal: Terminal, output: OutputFormat): void {
  const facts = {
    version: releaseVersion(),
    apiPackages,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
  if (output === 'json') terminal.out(`${JSON.stringify(facts)}\n`);
  else
    terminal.out(
      `odradek ${facts.version} (API ${apiPackages.join(', ')}; Node.js ${facts.node}, ${facts.platform})\n`,
    );
}
