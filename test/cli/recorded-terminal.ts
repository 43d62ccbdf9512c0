/**
 * A terminal that remembers what a command wrote.
 */
import type { Terminal } from '../../src/cli/terminal.ts';

interface RecordedOptions {
  readonly isInteractive?: boolean;
  readonly hasColour?: boolean;
  /** Absent: nobody sits there. */
  readonly typed?: readonly string[];
}

export class RecordedTerminal implements Terminal {
  readonly isInteractive: boolean;
  readonly hasColour: boolean;
  readonly canAsk: boolean;
  /** What somebody types, line by line. */
  readonly typed: string[];
  readonly prompts: string[] = [];
  stdout = '';
  stderr = '';

  constructor({ isInteractive = false, hasColour = false, typed }: RecordedOptions = {}) {
    this.canAsk = typed !== undefined;
    this.typed = [...(typed ?? [])];
    this.isInteractive = isInteractive;
    this.hasColour = hasColour;
  }

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  ask(prompt: string): Promise<string | undefined> {
    this.prompts.push(prompt);
    return Promise.resolve(this.typed.shift());
  }
}
