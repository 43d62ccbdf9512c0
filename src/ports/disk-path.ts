/**
 * How the paths of ports/disk.ts are written: names joined by `/`; the empty path is the root.
 */
import { assert } from '../base/assert.ts';

/** The names on the way from the root. Paths are made by our own code, so a wrong one is a bug. */
export function diskPathNames(path: string): readonly string[] {
  if (path === '') return [];
  const names = path.split('/');
  for (const name of names)
    assert(name !== '' && name !== '.' && name !== '..' && !name.includes('\0'), 'a path stays below its root', () => ({
      path,
    }));
  return names;
}

/** The path of the folder that holds it, and its name there. */
export function splitDiskPath(path: string): { readonly folder: string; readonly name: string } {
  const name = diskPathNames(path).at(-1);
  assert(name !== undefined, 'the root has no name');
  return { folder: path.slice(0, Math.max(0, path.length - name.length - 1)), name };
}
