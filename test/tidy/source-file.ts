/**
 * One file of the project as the rules see it: path, lines, tokens; and what a rule says about it.
 */
import { tokensOf, type Token } from './tokens.ts';

export interface SourceFile {
  /** From the root of the project, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  /** Empty for files that are not TypeScript. */
  readonly tokens: readonly Token[];
  /** The tokens without comments. */
  readonly code: readonly Token[];
}

export interface Finding {
  readonly rule: string;
  readonly path: string;
  /** 0 when the finding is about the whole file. */
  readonly line: number;
  readonly what: string;
}

/** The files that rules look at, in a fixed order. */
export type Project = readonly SourceFile[];

export interface Rule {
  readonly name: string;
  /** Completes "every file …". */
  readonly promise: string;
  readonly check: (project: Project) => readonly Finding[];
}

export function sourceFile(path: string, text: string): SourceFile {
  const tokens = path.endsWith('.ts') ? tokensIn(path, text) : [];
  return {
    path,
    text,
    lineCount: text.trimEnd().split('\n').length,
    tokens,
    code: tokens.filter((token) => token.kind !== 'comment'),
  };
}

/** A rule that looks at one file at a time. */
export function perFile(
  name: string,
  promise: string,
  check: (file: SourceFile) => readonly Omit<Finding, 'rule' | 'path'>[],
): Rule {
  return {
    name,
    promise,
    check: (project) =>
      project.flatMap((file) => check(file).map((finding) => ({ rule: name, path: file.path, ...finding }))),
  };
}

export function isTypeScript(file: SourceFile): boolean {
  return file.path.endsWith('.ts');
}

export function isSource(file: SourceFile): boolean {
  return isTypeScript(file) && file.path.startsWith('src/');
}

export function isTest(file: SourceFile): boolean {
  return isTypeScript(file) && file.path.startsWith('test/');
}

/** The layer of a source file: its folder in src, or its own name for the entries that lie in src itself. */
export function layerOf(path: string): string {
  const [, first = ''] = path.split('/');
  return first.replace(/\.ts$/, '');
}

export function baseNameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.ts$/, '');
}

function tokensIn(path: string, text: string): readonly Token[] {
  try {
    return tokensOf(text);
  } catch (cause) {
    throw new Error(`${path} cannot be cut into tokens`, { cause });
  }
}
