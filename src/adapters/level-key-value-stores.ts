/**
 * Opens LevelDB stores below one folder of this machine.
 *
 * LevelDB keeps a second opener out, in this process and in others. It syncs its own files but not the way to them,
 * so that is done here: a store whose folder is forgotten in a power cut has lost every batch, synced or not.
 */
import { join } from 'node:path';
import { Level } from 'level';
import type { Disk } from '../ports/disk.ts';
import { diskPathNames } from '../ports/disk-path.ts';
import type { KeyValueStore, KeyValueStores } from '../ports/key-value-store.ts';
import { checkLevelTables } from './level-table-check.ts';
import { levelFault } from './level-damage.ts';
import { LevelKeyValueStore, type LevelDatabase } from './level-key-value-store.ts';
import { NodeDisk } from './node-disk.ts';

/** Opens or creates the database at an absolute path. */
export type OpenLevelDatabase = (location: string) => Promise<LevelDatabase>;

export const openLevelDatabase: OpenLevelDatabase = async (location) => {
  // Uncompressed, so that level-table-check.ts can look into the tables.
  const options = { keyEncoding: 'utf8', valueEncoding: 'view', compression: false };
  const database = new Level<string, Uint8Array>(location, options);
  await database.open();
  return database;
};

export class LevelKeyValueStores implements KeyValueStores {
  readonly #root: string;
  readonly #disk: Disk;
  readonly #openDatabase: OpenLevelDatabase;

  constructor(root: string, openDatabase: OpenLevelDatabase = openLevelDatabase) {
    this.#root = root;
    this.#disk = new NodeDisk(root);
    this.#openDatabase = openDatabase;
  }

  async open(path: string): Promise<KeyValueStore> {
    const names = diskPathNames(path);
    try {
      await this.#disk.makeFolder(path);
      await checkLevelTables(this.#disk, path);
      const database = await this.#openDatabase(join(this.#root, ...names));
      try {
        for (let depth = names.length; depth >= 0; depth -= 1)
          await this.#disk.syncFolder(names.slice(0, depth).join('/'));
      } catch (cause) {
        await database.close();
        throw cause;
      }
      return new LevelKeyValueStore(path, database);
    } catch (cause) {
      throw levelFault('a key-value store did not open', { path }, cause);
    }
  }
}
