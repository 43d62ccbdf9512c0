import { describe, expect, test } from 'vitest';
import { tokensOf, type TokenKind } from './tokens.ts';

const textsOf = (source: string, kind?: TokenKind): string[] =>
  tokensOf(source)
    .filter((token) => kind === undefined || token.kind === kind)
    .map(({ text }) => text);

describe('comments', () => {
  test('a comment hides what looks like code', () => {
    expect(textsOf('a; // b "c\n/* d ` e */ f', 'name')).toEqual(['a', 'f']);
  });

  test('what looks like a comment in a string is no comment', () => {
    expect(textsOf(`const a = '// b'; const c = "/* d */";`, 'comment')).toEqual([]);
    expect(textsOf(`const a = '// b';`, 'string')).toEqual([`'// b'`]);
  });

  test('a token knows its lines across comments that span several', () => {
    const tokens = tokensOf('/*\n*/\na');
    expect(tokens.map(({ line, endLine }) => [line, endLine])).toEqual([
      [1, 2],
      [3, 3],
    ]);
  });

  test('the line that starts a program is skipped', () => {
    expect(textsOf('#!/usr/bin/env node\na', 'name')).toEqual(['a']);
  });
});

describe('strings and templates', () => {
  test('an escaped quote does not end a string', () => {
    expect(textsOf(String.raw`'a\'b' "c\"d"`, 'string')).toEqual([String.raw`'a\'b'`, String.raw`"c\"d"`]);
  });

  test('what a template fills in is code and the rest is not', () => {
    expect(textsOf('`a ${b} c ${d}` + e', 'name')).toEqual(['b', 'd', 'e']);
    expect(textsOf('`a ${b} c ${d}` + e', 'template')).toEqual(['`a ${', '} c ${', '}`']);
  });

  test('braces and templates within a template find their ends', () => {
    expect(textsOf('`${ { a: `${b}` }.a }` ; c', 'name')).toEqual(['a', 'b', 'a', 'c']);
  });

  test('a dollar sign or an escaped brace stays in the template', () => {
    expect(textsOf('`$ $a \\${b} \\` c`', 'name')).toEqual([]);
  });
});

describe('slashes', () => {
  test.each([
    ['a value', 'a / b / c'],
    ['a bracket', 'a[0] / b / c'],
    ['a call', 'f(a) / b / c'],
    ['an increment', 'a++ / b / c'],
    ['a template', '`a` / b / c'],
  ])('after %s they divide', (_what, source) => {
    expect(textsOf(source, 'regex')).toEqual([]);
  });

  test.each([
    ['an operator', 'a = /b"c/g;'],
    ['return', 'return /b"c/g;'],
    ['a parenthesis', 'f(/b"c/g)'],
    ['a condition', 'if (a) /b"c/g.test(d)'],
    ['a block', '{ } /b"c/g.test(d)'],
  ])('after %s they start a regular expression', (_what, source) => {
    expect(textsOf(source, 'regex')).toEqual(['/b"c/g']);
  });

  test('a slash in a class or after a backslash does not end a regular expression', () => {
    expect(textsOf(String.raw`x = /[/'"]\/[\]/]/u; y`, 'regex')).toEqual([String.raw`/[/'"]\/[\]/]/u`]);
  });
});

describe('the rest', () => {
  test('private names, numbers and long operators are one token each', () => {
    expect(textsOf('this.#a ?? 1_000n ?. b => 0x1f ... 1.5e3')).toEqual([
      'this',
      '.',
      '#a',
      '??',
      '1_000n',
      '?.',
      'b',
      '=>',
      '0x1f',
      '...',
      '1.5e3',
    ]);
  });

  test('text that ends in the middle is refused', () => {
    expect(() => tokensOf('`a ${b')).toThrow('unclosed ${');
    expect(() => tokensOf('`a')).toThrow('a template does not end');
    expect(() => tokensOf('f(a')).toThrow('unclosed (');
    expect(() => tokensOf('a)')).toThrow(') closes nothing');
    expect(() => tokensOf("'a\n")).toThrow('no token starts here');
  });
});
