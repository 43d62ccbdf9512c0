/**
 * `odradek quorum shell`: a look into the metadata with ls, cat, cd and pwd. With words it does one thing and ends; without
 * it reads lines until there are no more.
 */
import { suggestion } from '../base/nearest-name.ts';
import { CliError, renderFailure } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { asJson, orNull, printSheet } from './print-listing.ts';
import { shellRoot, type ShellPlace } from './shell-tree.ts';
import { misuse } from './read-written.ts';

const help = `ls [PATH]     what is there
cat [PATH]    what it is
cd [PATH]     go there; .. is up, / is the top
pwd           where you are
help          this
exit          leave
`;

export async function runShell(context: CommandContext, words: readonly string[]): Promise<void> {
  const shell = new Shell(context);
  if (words.length > 0) {
    await shell.run(words);
    return;
  }
  const { terminal } = context;
  for (;;) {
    const line = await terminal.ask(`odradek ${shell.path}> `);
    if (line === undefined || line.trim() === 'exit') return;
    await shell.runLine(line);
  }
}

class Shell {
  readonly #context: CommandContext;
  #at: readonly string[] = [];

  constructor(context: CommandContext) {
    this.#context = context;
  }

  get path(): string {
    return `/${this.#at.join('/')}`;
  }

  /** What goes wrong is said, and the next line may go better. */
  async runLine(line: string): Promise<void> {
    const { terminal, options } = this.#context;
    const words = line.trim().split(/\s+/);
    if (words[0] === '') return;
    try {
      await this.run(words);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      terminal.err(renderFailure(error.failure, options.output === 'json' || options.output === 'ndjson'));
    }
  }

  async run([verb = '', written, ...surplus]: readonly string[]): Promise<void> {
    if (surplus.length > 0) throw misuse(`${verb} takes one path, and got ${surplus.length + 1}`);
    const path = this.#resolve(written ?? '');
    switch (verb) {
      case 'ls':
        return this.#list(path);
      case 'cat':
        return this.#cat(path);
      case 'cd':
        await this.#find(written === undefined ? [] : path);
        this.#at = written === undefined ? [] : path;
        return undefined;
      case 'pwd':
        return this.#print(this.path, `${this.path}\n`);
      case 'help':
        return this.#context.terminal.out(help);
      default:
        throw misuse(`there is no ${verb}${suggestion(verb, ['ls', 'cat', 'cd', 'pwd', 'help', 'exit'])}`, help.trim());
    }
  }

  async #list(path: readonly string[]): Promise<void> {
    const place = await this.#find(path);
    const names = (await place.list?.()) ?? [path.at(-1) ?? ''];
    await this.#print(names, names.map((name) => `${name}\n`).join(''));
  }

  async #cat(path: readonly string[]): Promise<void> {
    const place = await this.#find(path);
    if (place.cat === undefined) throw misuse(`/${path.join('/')} is a folder`, 'ls shows what is in it');
    const plain = await place.cat();
    await this.#print(plain, `${JSON.stringify(plain, orNull, 2)}\n`);
  }

  #print(plain: unknown, text: string): Promise<void> {
    return printSheet(this.#context, {
      name: typeof plain === 'string' ? plain : asJson(plain).trim(),
      plain,
      text: () => text,
    });
  }

  #resolve(written: string): readonly string[] {
    const parts = written.startsWith('/') ? [] : [...this.#at];
    for (const part of written.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    return parts;
  }

  async #find(path: readonly string[]): Promise<ShellPlace> {
    let place = shellRoot(this.#context);
    for (const [depth, name] of path.entries()) {
      const below: ShellPlace | undefined = await place.enter?.(name);
      if (below === undefined) {
        const known = (await place.list?.()) ?? [];
        const parent = `/${path.slice(0, depth).join('/')}`;
        throw new CliError({
          exit: 'not-found',
          message: `there is no ${name} in ${parent}${suggestion(name, known)}`,
        });
      }
      place = below;
    }
    return place;
  }
}
