/**
 * The lines of a README that a reader is to type, and how a test runs them: `grpcurl` as `buf curl`, which asks the same
 * reflection and comes with the development tools, and as itself where it is on the PATH; `npx odradek` as the command
 * that this run has built. Only the endpoint differs from what is written.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './built-program.ts';
import type { Ran } from './node-process.ts';

/** The endpoint that every example asks. */
export const writtenEndpoint = '127.0.0.1:7081';

export interface ExampleCommand {
  readonly program: string;
  readonly words: readonly string[];
}

const hasGrpcurl = spawnSync('grpcurl', ['-version']).status === 0;

/** Of all blocks marked as sh. */
export function exampleLines(readme: string): readonly string[] {
  const text = readFileSync(join(root, readme), 'utf8');
  return Array.from(text.matchAll(/```sh\n([\s\S]*?)```/g), ([, block = '']) => block.trim().split('\n')).flat();
}

export function isAsking(line: string): boolean {
  return line.startsWith('grpcurl ') || /^npx odradek (?!server|config |version)/.test(line);
}

/** For a line that asks a node: `endpoint` is that node's, `builtCommand` our own main.js. */
export function askingCommands(line: string, endpoint: string, builtCommand: string): readonly ExampleCommand[] {
  const [first = '', ...words] = wordsOf(line.replaceAll(writtenEndpoint, endpoint));
  if (first === 'grpcurl') return [bufCurl(words), ...(hasGrpcurl ? [{ program: 'grpcurl', words }] : [])];
  return [{ program: process.execPath, words: [builtCommand, '-b', endpoint, ...words.slice(1)] }];
}

/** Splits at spaces, except inside single quotes. */
export function wordsOf(line: string): string[] {
  return Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '');
}

function bufCurl(grpcurlWords: readonly string[]): ExampleCommand {
  const words = grpcurlWords.filter((word) => word !== '-plaintext');
  const dataAt = words.indexOf('-d');
  const data = dataAt < 0 ? '{}' : (words[dataAt + 1] ?? '{}');
  const [host = '', verb = ''] = dataAt < 0 ? words : words.toSpliced(dataAt, 2);
  const asGrpc = ['curl', '--http2-prior-knowledge', '--protocol', 'grpc'];
  const program = join(root, 'node_modules/.bin/buf');
  if (verb === 'list') return { program, words: [...asGrpc, '--list-services', `http://${host}`] };
  if (verb === 'describe') return { program, words: [...asGrpc, '--list-methods', `http://${host}`] };
  return { program, words: [...asGrpc, '-d', data, `http://${host}/${verb}`] };
}

export interface RunExample {
  readonly environment: Readonly<Record<string, string>>;
  /** Ends the command, as ctrl-C does, once it has printed this. */
  readonly untilPrinted?: RegExp;
}

export async function runExample(
  { program, words }: ExampleCommand,
  { environment, untilPrinted }: RunExample,
): Promise<Ran> {
  // A group of its own, because a tool may run another program to do its work.
  const child = spawn(program, words, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: untilPrinted !== undefined,
  });
  const output = { stdout: '', stderr: '' };
  const end = { isEnough: false };
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString();
    end.isEnough ||= untilPrinted?.test(output.stdout) === true;
    if (end.isEnough && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  });
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  await once(child, 'close');
  return { exitCode: end.isEnough ? 0 : (child.exitCode ?? -1), ...output };
}
