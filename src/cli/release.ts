/**
 * What this build is: its release, and the API packages that it speaks.
 * package.json is the one place where the number stands.
 */
import { readFileSync } from 'node:fs';

interface PackageFile {
  readonly version: string;
}

/** package.json is two folders up from here in the sources and in the build alike. */
export function releaseVersion(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as PackageFile).version;
}

export const apiPackages = ['odradek.v1'] as const;
