/**
 * Answers to "which file defines this" over a compiled descriptor set, for reflection.
 *
 * Peer protocols are left out: what is not public is not shown. A file is always handed out together with all
 * that it imports, directly or not, because a tool cannot link it otherwise.
 */
import { assert } from '../base/assert.ts';
import { readDescriptorSet, type DescriptorFile } from '../wire/file-descriptors.ts';

const hiddenPackages = 'odradek.internal';

export class DescriptorIndex {
  readonly #byName = new Map<string, DescriptorFile>();
  readonly #bySymbol = new Map<string, DescriptorFile>();
  /** Extendee, then number. */
  readonly #extensions = new Map<string, Map<number, DescriptorFile>>();

  constructor(descriptorSet: Uint8Array) {
    for (const file of readDescriptorSet(descriptorSet)) if (!isHidden(file)) this.#add(file);
    for (const file of this.#byName.values()) {
      for (const name of file.imports)
        assert(this.#byName.has(name), 'a public file imports public files only', { file: file.name, name });
    }
  }

  fileByName(name: string): readonly Uint8Array[] | undefined {
    return this.#withImports(this.#byName.get(name));
  }

  fileBySymbol(symbol: string): readonly Uint8Array[] | undefined {
    return this.#withImports(this.#bySymbol.get(symbol));
  }

  fileByExtension(extendee: string, number: number): readonly Uint8Array[] | undefined {
    return this.#withImports(this.#extensions.get(extendee)?.get(number));
  }

  /** Ascending; undefined when there is no message of that name. */
  extensionNumbers(extendee: string): readonly number[] | undefined {
    if (!this.#bySymbol.has(extendee)) return undefined;
    return [...(this.#extensions.get(extendee)?.keys() ?? [])].sort((left, right) => left - right);
  }

  #add(file: DescriptorFile): void {
    this.#byName.set(file.name, file);
    for (const symbol of file.symbols) this.#bySymbol.set(symbol, file);
    for (const { extendee, number } of file.extensions) {
      const numbers = this.#extensions.get(extendee) ?? new Map<number, DescriptorFile>();
      this.#extensions.set(extendee, numbers.set(number, file));
    }
  }

  /** The file first, then each import once. */
  #withImports(file: DescriptorFile | undefined): readonly Uint8Array[] | undefined {
    if (file === undefined) return undefined;
    const wanted = new Set([file]);
    // A set grows while it is walked, so this reaches the imports of imports.
    for (const { imports } of wanted) {
      for (const name of imports) {
        const imported = this.#byName.get(name);
        if (imported !== undefined) wanted.add(imported);
      }
    }
    return Array.from(wanted, ({ bytes }) => bytes);
  }
}

function isHidden(file: DescriptorFile): boolean {
  return file.packageName === hiddenPackages || file.packageName.startsWith(`${hiddenPackages}.`);
}
