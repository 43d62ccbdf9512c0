/**
 * Where commands write: data to stdout, everything said about it to stderr.
 *
 * Colour only where a person looks: a terminal that is not dumb, and NO_COLOR not set (no-color.org).
 */

export interface Terminal {
  readonly isInteractive: boolean;
  readonly hasColour: boolean;
  /** Somebody sits there who can be asked. */
  readonly canAsk: boolean;
  out(text: string): void;
  err(text: string): void;
  /** Lines that are typed or piped in, one after the other, each asked for with `prompt`; undefined: no more. */
  ask(prompt: string): Promise<string | undefined>;
}

export function processTerminal(): Terminal {
  const isInteractive = process.stdout.isTTY;
  const { NO_COLOR: noColour, TERM: term } = process.env;
  return {
    isInteractive,
    hasColour: isInteractive && (noColour === undefined || noColour === '') && term !== 'dumb',
    out: (text) => void process.stdout.write(text),
    canAsk: process.stdin.isTTY && process.stderr.isTTY,
    err: (text) => void process.stderr.write(text),
    ask: lineReader(),
  };
}

/** Prompts go to stderr, and only where somebody sees them. */
function lineReader(): Terminal['ask'] {
  let lines: AsyncIterator<string> | undefined;
  let showPrompt = (_prompt: string): void => {};
  return async (prompt) => {
    if (lines === undefined) {
      const { createInterface } = await import('node:readline');
      const isSeen = process.stdin.isTTY && process.stderr.isTTY;
      const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: isSeen });
      lines = reader[Symbol.asyncIterator]();
      showPrompt = (text) => {
        if (!isSeen) return;
        reader.setPrompt(text);
        reader.prompt();
      };
    }
    showPrompt(prompt);
    const next = await lines.next();
    return next.done === true ? undefined : next.value;
  };
}

export function bold(terminal: Terminal, text: string): string {
  return terminal.hasColour ? `\u001B[1m${text}\u001B[22m` : text;
}

export function dim(terminal: Terminal, text: string): string {
  return terminal.hasColour ? `\u001B[2m${text}\u001B[22m` : text;
}

export function clearScreen(terminal: Terminal): void {
  if (terminal.isInteractive) terminal.out('\u001B[H\u001B[2J');
}
