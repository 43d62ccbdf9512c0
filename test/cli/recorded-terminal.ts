/**
 * A terminal that remembers what a command wrote.
 */
import type { Terminal } from '../../src/cli/terminal.ts';

export class RecordedTerminal implements Terminal {
  readonly isInteractive: boolean;
  readonly hasColour: boolean;
  stdout = '';
  stderr = '';

  constructor({ isInteractive = false, hasColour = false }: { isInteractive?: boolean; hasColour?: boolean } = {}) {
    this.isInteractive = isInteractive;
    this.hasColour = hasColour;
  }

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }
}
