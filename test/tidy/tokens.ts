/**
 * Cuts TypeScript into tokens, so that rules about code are not fooled by what stands in comments and strings.
 *
 * Knows just enough of the grammar to tell a regular expression from a division and to follow templates into
 * their `${}`. Not a parser: rules look at neighbouring tokens. Read next: source-file.ts.
 */

export type TokenKind = 'name' | 'number' | 'punctuator' | 'string' | 'template' | 'regex' | 'comment';

export interface Token {
  readonly kind: TokenKind;
  /** As written. Of a template only the parts outside `${}`, quotes included, one token per part. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
  readonly endLine: number;
}

const namePattern = /#?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const numberPattern = /(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?\.?)n?/y;
const punctuatorPattern = /=>|\+\+|--|\?\.(?!\d)|\.\.\.|\*\*|&&|\|\||\?\?|[^\s\w'"`]/uy;
const stringPattern = /'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"/y;
const commentPattern = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const regexPattern = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const templatePartPattern = /(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;
const spacePattern = /\s+|^#![^\n]*/y;

/** After these a slash starts a regular expression, though they look like names. */
const operatorWords = new Set(
  'return typeof instanceof in of new delete void throw case do else yield await default'.split(' '),
);
const conditionWords = new Set(['if', 'while', 'for', 'with']);

/** Throws on text that ends inside a string, a template or a comment: then a rule would see nonsense. */
export function tokensOf(source: string): readonly Token[] {
  return new Tokenizer(source).run();
}

class Tokenizer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  /** Open brackets, each with the significant token before it; a `${` closes by going on with its template. */
  readonly #open: { readonly bracket: string; readonly before: Token | undefined }[] = [];
  #before: Token | undefined;
  #slashStartsRegex = true;

  constructor(source: string) {
    this.#source = source;
  }

  run(): readonly Token[] {
    while (this.#at < this.#source.length) this.#next();
    if (this.#open.length > 0) throw new Error(`unclosed ${this.#open.at(-1)?.bracket ?? ''} at the end of the file`);
    return this.#tokens;
  }

  #next(): void {
    if (this.#skip(spacePattern)) return;
    const char = this.#source.charAt(this.#at);
    if (this.#take('comment', commentPattern)) return;
    if (char === '`') this.#takeTemplatePart();
    else if (char === '}' && this.#open.at(-1)?.bracket === '${') this.#takeTemplatePart();
    else if (char === '/' && this.#slashStartsRegex && this.#take('regex', regexPattern))
      this.#slashStartsRegex = false;
    else if (this.#take('string', stringPattern)) this.#slashStartsRegex = false;
    else if (this.#take('name', namePattern)) this.#slashStartsRegex = operatorWords.has(this.#before?.text ?? '');
    else if (/^\.?\d/.test(this.#source.slice(this.#at, this.#at + 2)) && this.#take('number', numberPattern))
      this.#slashStartsRegex = false;
    else this.#takePunctuator();
  }

  #takePunctuator(): void {
    const before = this.#before;
    if (!this.#take('punctuator', punctuatorPattern)) throw new Error(`line ${this.#line}: no token starts here`);
    const text = this.#before?.text ?? '';
    this.#slashStartsRegex = !['++', '--', ']'].includes(text);
    if (['(', '[', '{'].includes(text)) this.#open.push({ bracket: text, before });
    if ([')', ']', '}'].includes(text)) {
      const opened = this.#open.pop();
      if (opened === undefined) throw new Error(`line ${this.#line}: ${text} closes nothing`);
      if (text === ')') this.#slashStartsRegex = conditionWords.has(opened.before?.text ?? '');
    }
  }

  /** From a backquote, or from the brace that closes `${}`, to the next of either. */
  #takeTemplatePart(): void {
    if (this.#source.charAt(this.#at) === '}') this.#open.pop();
    const start = this.#at;
    templatePartPattern.lastIndex = this.#at + 1;
    const match = templatePartPattern.exec(this.#source);
    if (match === null) throw new Error(`line ${this.#line}: a template does not end`);
    const text = this.#source.slice(start, templatePartPattern.lastIndex);
    this.#add('template', text);
    const goesOn = text.endsWith('${');
    if (goesOn) this.#open.push({ bracket: '${', before: undefined });
    this.#slashStartsRegex = goesOn;
  }

  #take(kind: TokenKind, pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0];
    if (text === undefined) return false;
    this.#add(kind, text);
    return true;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0];
    if (text === undefined) return false;
    this.#advance(text);
    return true;
  }

  #add(kind: TokenKind, text: string): void {
    const line = this.#line;
    this.#advance(text);
    const token = { kind, text, line, endLine: this.#line };
    this.#tokens.push(token);
    if (kind !== 'comment') this.#before = token;
  }

  #advance(text: string): void {
    this.#at += text.length;
    this.#line += text.split('\n').length - 1;
  }
}
