/**
 * Where commands write: data to stdout, everything said about it to stderr.
 *
 * Colour only where a person looks: a terminal that is not dumb, and NO_COLOR not set (no-color.org).
 */

export interface Terminal {
  readonly isInteractive: boolean;
  readonly hasColour: boolean;
  out(text: string): void;
  err(text: string): void;
}

export function processTerminal(): Terminal {
  const isInteractive = process.stdout.isTTY;
  const { NO_COLOR: noColour, TERM: term } = process.env;
  return {
    isInteractive,
    hasColour: isInteractive && (noColour === undefined || noColour === '') && term !== 'dumb',
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
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
