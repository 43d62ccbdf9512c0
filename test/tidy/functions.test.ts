import { expect, test } from 'vitest';
import { functionsOf } from './functions.ts';
import { sourceFile } from './source-file.ts';

const namesAndLengths = (text: string): string[] =>
  functionsOf(sourceFile('src/base/a.ts', text)).map(({ name, lineCount }) => `${name} ${lineCount}`);

test.each([
  ['a function', 'function f(a: number) {\n}', ['f 2']],
  ['a function with an object as its return type', 'function f(): { a: () => void } {\n}', ['f 2']],
  ['a function with a generic return type', 'function f(): Map<string, { a: 1 }> {\n}', ['f 2']],
  ['a function with a union of objects', 'function f(): { a: 1 } | { b: 2 } {\n}', ['f 2']],
  ['a type guard', 'function f(a: unknown): a is string {\n}', ['f 2']],
  ['an assertion', 'function f(a: unknown): asserts a is string {\n}', ['f 2']],
  ['an arrow function', 'const f = (a: number): number => {\n};', ['f 2']],
  ['an arrow function without parentheses', 'const f = a => {\n};', ['f 2']],
  ['a method', 'class C {\n #m(): void {\n }\n}', ['#m 2']],
  ['an accessor', 'class C {\n get m(): number {\n }\n}', ['m 2']],
  ['a constructor', 'class C {\n constructor() {\n }\n}', ['constructor 2']],
  ['a parameter list over several lines', 'function f(\n  a: number,\n  b: number,\n) {\n}', ['f 5']],
  ['a function in a function', 'function f() {\n  const g = () => {\n  };\n}', ['f 4', 'g 2']],
  ['an overload and an abstract method', 'abstract class C { abstract m(): void; n(): void; }', []],
  ['control statements', 'for (;;) { if (a) { } while (b) { } switch (c) { } try { } catch (e) { } }', []],
  ['a conditional expression', 'const a = b ? f(c) : { d: 1 };', []],
  ['a function type', 'interface I { f: (a: number) => void; g(): { a: 1 }; }', []],
  ['a group of tests', "describe('a', () => {\n  test('b', () => {\n  });\n});", ['test 2']],
  ['a table of groups', "describe.each(a)('a', (b) => {\n});", []],
])('%s is measured', (_what, text, expected) => {
  expect(namesAndLengths(text)).toEqual(expected);
});
