/**
 * Rules that keep the simulator honest: nothing reads time, chance or the machine but through a port, and cores
 * decide synchronously.
 */
import { isProperty } from './module-syntax.ts';
import { isSource, layerOf, perFile, type Rule, type SourceFile } from './source-file.ts';

const mayBeAmbient = new Set(['adapters', 'cli', 'main']);
const synchronous = new Set(['base', 'record', 'raft', 'metadata', 'partition', 'group']);

/** A global whose every use is ambient, or only the named members. */
const ambientGlobals: Readonly<Record<string, 'any' | readonly string[]>> = {
  Date: ['now'],
  Math: ['random'],
  AbortSignal: ['timeout'],
  performance: 'any',
  process: 'any',
  crypto: 'any',
  console: 'any',
  globalThis: 'any',
};
const ambientNames = new Set(
  'setTimeout setInterval setImmediate queueMicrotask Worker WeakRef FinalizationRegistry'.split(' '),
);
const asynchronousNames = new Set(['async', 'await', 'Promise']);

export const ambientRules: readonly Rule[] = [
  perFile('ambient', 'takes time, chance and the machine through a port', (file) =>
    isSource(file) && !mayBeAmbient.has(layerOf(file.path)) ? findAmbient(file) : [],
  ),
  perFile('synchronous-core', 'decides synchronously if it is in a core', (file) =>
    isSource(file) && synchronous.has(layerOf(file.path)) ? findAsynchronous(file) : [],
  ),
];

function findAmbient({ code }: SourceFile): { line: number; what: string }[] {
  return code.flatMap(({ kind, text, line }, at) => {
    if (kind !== 'name' || isProperty(code, at) || isKey(code, at)) return [];
    const after = code[at + 1]?.text;
    const member = after === '.' || after === '?.' ? code[at + 2]?.text : undefined;
    if (text === 'Date' && code[at - 1]?.text === 'new') return [{ line, what: 'new Date' }];
    if (ambientNames.has(text)) return [{ line, what: text }];
    const global = Object.hasOwn(ambientGlobals, text) ? ambientGlobals[text] : undefined;
    if (global === undefined) return [];
    if (member === undefined) return isTakenAsValue(code, at) ? [{ line, what: `${text} as a value` }] : [];
    return global === 'any' || global.includes(member) ? [{ line, what: `${text}.${member}` }] : [];
  });
}

function findAsynchronous({ code }: SourceFile): { line: number; what: string }[] {
  return code
    .filter(({ kind, text }, at) => kind === 'name' && asynchronousNames.has(text) && !isProperty(code, at))
    .map(({ text, line }) => ({ line, what: text }));
}

/** By another name a global is not found again: `const { random } = Math`, `Math['random']`, and `Date()`. */
function isTakenAsValue(code: SourceFile['code'], at: number): boolean {
  const after = code[at + 1]?.text;
  if (after === '[' || (code[at]?.text === 'Date' && after === '(')) return true;
  return code[at - 1]?.text === '=' && (after === ';' || after === undefined);
}

/**
 * `{ fetch: …` and `fetch(): void` of a type name a member; the second is told by nothing before it, so only the
 * first counts. `a ? setTimeout : b` names none.
 */
function isKey(code: SourceFile['code'], at: number): boolean {
  return code[at + 1]?.text === ':' && code[at - 1]?.text !== '?';
}
