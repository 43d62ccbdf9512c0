/**
 * Finds the functions of a file and how many lines each has, from its tokens.
 *
 * A function body is a brace after `=>`, or after a parameter list and its return type. Control statements are told
 * apart by the word before their parenthesis.
 */
import { isProperty } from './module-syntax.ts';
import type { SourceFile } from './source-file.ts';
import type { Token } from './tokens.ts';

export interface FunctionExtent {
  readonly name: string;
  /** Of the parameter list, where it can be told. */
  readonly line: number;
  readonly lineCount: number;
}

const controlWords = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await']);
/** A brace after one of these inside a return type opens an object type. */
const typeGoesOn = new Set([':', '|', '&', '<', ',', '(', '[', '=>', 'extends', 'keyof', 'readonly', 'is']);

export function functionsOf({ code }: SourceFile): readonly FunctionExtent[] {
  const partners = partnersOf(code);
  return code.flatMap((token, at) => {
    const isArrow = token.text === '=>';
    const body = isArrow ? bodyAfterArrow(code, at) : bodyAfterParameters(code, partners, at);
    if (body === undefined) return [];
    const start = isArrow ? startOfArrow(code, partners, at) : (partners.get(at) ?? at);
    if (isArrow && isGroupOfTests(code, partners, start)) return [];
    const line = code[start]?.line ?? 0;
    const endLine = code[partners.get(body) ?? body]?.line ?? line;
    return [{ name: nameBefore(code, start), line, lineCount: endLine - line + 1 }];
  });
}

/** The parameter list of an arrow function, past its return type; or its only parameter. */
function startOfArrow(code: readonly Token[], partners: ReadonlyMap<number, number>, arrow: number): number {
  if (code[arrow - 1]?.text === ')') return partners.get(arrow - 1) ?? arrow;
  if (['=', '(', ',', 'async', 'return', '=>', ':', '?'].includes(code[arrow - 2]?.text ?? '')) {
    if (code[arrow - 3]?.text !== ')') return arrow - 1;
  }
  for (let at = arrow - 1; at >= 0; at -= 1) {
    const text = code[at]?.text ?? '';
    if (text === ')' && code[at + 1]?.text === ':') return partners.get(at) ?? arrow;
    if ([')', '}', ']'].includes(text)) at = partners.get(at) ?? 0;
    else if (['(', '{', '[', ';', '=', '=>'].includes(text)) return arrow;
  }
  return arrow;
}

function bodyAfterArrow(code: readonly Token[], at: number): number | undefined {
  return code[at]?.text === '=>' && code[at + 1]?.text === '{' ? at + 1 : undefined;
}

/** Undefined too for arrow functions, which are found at their arrow. */
function bodyAfterParameters(
  code: readonly Token[],
  partners: ReadonlyMap<number, number>,
  at: number,
): number | undefined {
  const opening = code[at]?.text === ')' ? partners.get(at) : undefined;
  if (opening === undefined) return undefined;
  const before = code[opening - 1];
  if (controlWords.has(before?.text ?? '') && !isProperty(code, opening - 1)) return undefined;
  if (code[at + 1]?.text === '{') return at + 1;
  if (code[at + 1]?.text !== ':') return undefined;
  return bodyAfterType(code, partners, at + 1);
}

/** `colon` is where a return type may start. A conditional expression's colon leads to no body either. */
function bodyAfterType(
  code: readonly Token[],
  partners: ReadonlyMap<number, number>,
  colon: number,
): number | undefined {
  for (let at = colon + 1; at < code.length; at += 1) {
    const text = code[at]?.text ?? '';
    if (text === '{' && !typeGoesOn.has(code[at - 1]?.text ?? '')) return at;
    if (['(', '[', '{'].includes(text)) at = partners.get(at) ?? code.length;
    else if (['=>', ';', ',', ')', '}', ']', '=', '?'].includes(text) && !insideAngles(code, colon, at))
      return undefined;
  }
  return undefined;
}

function insideAngles(code: readonly Token[], from: number, to: number): boolean {
  let depth = 0;
  for (let at = from; at < to; at += 1) {
    if (code[at]?.text === '<') depth += 1;
    if (code[at]?.text === '>') depth -= 1;
  }
  return depth > 0;
}

/** The callback of `describe(…)` groups tests and is no function of its own. */
function isGroupOfTests(code: readonly Token[], partners: ReadonlyMap<number, number>, start: number): boolean {
  for (let at = start - 1; at >= 0; at -= 1) {
    const text = code[at]?.text ?? '';
    if ([')', '}', ']'].includes(text)) at = partners.get(at) ?? 0;
    else if (text === '(') return ['describe', 'suite'].includes(headOfCall(code, partners, at));
    else if (text === ';' || text === '{') return false;
  }
  return false;
}

/** `describe` of `describe(` and of `describe.each(…)(`. */
function headOfCall(code: readonly Token[], partners: ReadonlyMap<number, number>, opening: number): string {
  let at = opening - 1;
  if (code[at]?.text === ')') at = (partners.get(at) ?? 0) - 1;
  while (code[at - 1]?.text === '.') at -= 2;
  return code[at]?.text ?? '';
}

function nameBefore(code: readonly Token[], start: number): string {
  const words = code
    .slice(Math.max(0, start - 5), start)
    .filter(({ kind, text }) => kind === 'name' && text !== 'async');
  return words.at(-1)?.text ?? 'a function';
}

/** Index of each bracket's partner, both ways. Template parts bracket their expressions like braces. */
export function partnersOf(code: readonly Token[]): ReadonlyMap<number, number> {
  const partners = new Map<number, number>();
  const open: number[] = [];
  for (const [at, token] of code.entries()) {
    const isTemplate = token.kind === 'template';
    const closes = isTemplate ? token.text.startsWith('}') : [')', ']', '}'].includes(token.text);
    const opens = isTemplate ? token.text.endsWith('${') : ['(', '[', '{'].includes(token.text);
    if (closes) {
      const partner = open.pop() ?? at;
      partners.set(at, partner);
      partners.set(partner, at);
    }
    if (opens) open.push(at);
  }
  return partners;
}
