/**
 * `odradek version`: loads nothing that it does not need, because scripts call it often.
 */
import type { CommonOptions } from './command-options.ts';
import { printSheet } from './print-listing.ts';
import { apiPackages, releaseVersion } from './release.ts';
import type { Terminal } from './terminal.ts';

export function printVersion(terminal: Terminal, options: CommonOptions): Promise<void> {
  const plain = {
    version: releaseVersion(),
    apiPackages,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
  const { version, node, platform } = plain;
  const line = `odradek ${version} (API ${apiPackages.join(', ')}; Node.js ${node}, ${platform})\n`;
  return printSheet({ terminal, options }, { name: version, plain, text: () => line });
}
