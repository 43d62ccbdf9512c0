/**
 * What a file imports and exports, read from its tokens.
 */
import type { SourceFile } from './source-file.ts';
import type { Token } from './tokens.ts';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
  /** True for `export … from`. */
  readonly exportedAgain: boolean;
}

export interface Export {
  readonly name: string;
  readonly line: number;
}

/** Static and dynamic imports, `import('…').Type`, `require('…')` and `export … from`. */
export function importsOf({ code }: SourceFile): readonly Import[] {
  return code.flatMap((token, at) => {
    if (token.kind !== 'name' || isProperty(code, at)) return [];
    const next = code[at + 1];
    if (token.text === 'import' && next?.text === '(') {
      const typeOnly = code[at + 3]?.text === ')' && code[at + 4]?.text === '.' && isTypePosition(code[at - 1]);
      return importAt({ statement: token, specifier: code[at + 2], typeOnly });
    }
    if (token.text === 'require' && next?.text === '(') {
      return importAt({ statement: token, specifier: code[at + 2], typeOnly: false });
    }
    if (token.text !== 'import' && token.text !== 'export') return [];
    const end = endOfClause(code, at + 1);
    const clause = code.slice(at + 1, end);
    const specifier = code[end];
    const hasFrom = clause.at(-1)?.text === 'from' || (token.text === 'import' && clause.length === 0);
    return hasFrom ? importAt({ statement: token, specifier, typeOnly: isTypeOnly(clause) }) : [];
  });
}

/** Names declared with `export`, plus those of `export { … }`. A default export has the name `default`. */
export function exportsOf({ code }: SourceFile): readonly Export[] {
  return code.flatMap((token, at) => {
    if (token.text !== 'export' || token.kind !== 'name' || isProperty(code, at)) return [];
    const words = code.slice(at + 1, at + 6).map((word) => word.text);
    if (words[0] === 'default') return [{ name: 'default', line: token.line }];
    if (words[0] === '*') return words[1] === 'as' ? [{ name: words[2] ?? '', line: token.line }] : [];
    if (words[0] === '{' || (words[0] === 'type' && words[1] === '{')) return exportedList(code, at);
    const keywords = new Set([
      'abstract',
      'async',
      'class',
      'const',
      'declare',
      'function',
      'interface',
      'let',
      'type',
      // Of a generator.
      '*',
    ]);
    const name = words.find((word) => !keywords.has(word));
    return name === undefined ? [] : [{ name, line: token.line }];
  });
}

export function stringValue(token: Token | undefined): string | undefined {
  if (token?.kind === 'string') return token.text.slice(1, -1);
  const plainTemplate = token?.kind === 'template' && token.text.startsWith('`') && token.text.endsWith('`');
  return plainTemplate ? token.text.slice(1, -1) : undefined;
}

export function isProperty(code: readonly Token[], at: number): boolean {
  const before = code[at - 1]?.text;
  return before === '.' || before === '?.';
}

function importAt(found: { statement: Token; specifier: Token | undefined; typeOnly: boolean }): Import[] {
  const specifier = stringValue(found.specifier);
  if (specifier === undefined) return [];
  const exportedAgain = found.statement.text === 'export';
  return [{ specifier, line: found.statement.line, typeOnly: found.typeOnly, exportedAgain }];
}

/** Index of the string after `from`, or of whatever shows that the statement has none. */
function endOfClause(code: readonly Token[], start: number): number {
  const words = /^(?:[{},*]|as|from|type|[\p{ID_Start}$_][\p{ID_Continue}$]*)$/u;
  let at = start;
  while (code[at] !== undefined && words.test(code[at]?.text ?? '') && code[at - 1]?.text !== 'from') at += 1;
  return at;
}

function isTypeOnly(clause: readonly Token[]): boolean {
  const words = clause.map((token) => token.text);
  if (words[0] === 'type' && words[1] !== 'from' && words[1] !== ',') return true;
  if (words[0] !== '{') return false;
  const names = words
    .slice(1, words.indexOf('}'))
    .join(' ')
    .split(' , ')
    .filter((name) => name !== '' && name !== ',');
  return names.length > 0 && names.every((name) => name.startsWith('type '));
}

function isTypePosition(before: Token | undefined): boolean {
  return [':', '<', '|', '&', '=', 'typeof', ','].includes(before?.text ?? '');
}

function exportedList(code: readonly Token[], at: number): Export[] {
  const start = code.findIndex((token, index) => index > at && token.text === '{');
  const end = code.findIndex((token, index) => index > start && token.text === '}');
  const names: Export[] = [];
  for (let index = start + 1; index < end; index += 1) {
    const token = code[index];
    const after = code[index + 1]?.text;
    if (token?.kind === 'name' && (after === ',' || after === '}')) names.push({ name: token.text, line: token.line });
  }
  return names;
}
