/**
 * `odradek storage ...`: looks at the files of a log without a node, and changes nothing.
 */
import { basename } from 'node:path';
import { CliError } from './cli-error.ts';
import type { OutputFormat } from './command-options.ts';
import type { DumpEntry } from './dump-entry.ts';
import { dumpLine } from './dump-text.ts';
import { withFileBytes, type FileBytes } from './file-bytes.ts';
import { dumpSegment } from './segment-dump.ts';
import type { Terminal } from './terminal.ts';

export interface DumpOptions {
  readonly paths: readonly string[];
  readonly isDeep: boolean;
  readonly output: OutputFormat;
}

interface FileKind {
  readonly ending: string;
  readonly is: string;
  readonly dump: (file: FileBytes, isDeep: boolean) => Iterable<DumpEntry>;
}

const fileKinds: readonly FileKind[] = [{ ending: '.log', is: 'segment', dump: dumpSegment }];

/** Fails when something in the files is not whole, after all of them have been printed. */
export function dumpStorageFiles(terminal: Terminal, { paths, isDeep, output }: DumpOptions): void {
  const kinds = paths.map(mustFindKind);
  const printer = printerOf(terminal, output);
  const damaged = new Set<string>();
  for (const [at, path] of paths.entries())
    withFileBytes(path, (file) => {
      const { is, dump } = kinds[at] as FileKind;
      printer.print({ kind: 'file', path, is, sizeBytes: file.sizeBytes });
      for (const entry of dump(file, isDeep)) {
        printer.print(entry);
        if (entry.kind === 'damage' || entry.kind === 'unreadable-records') damaged.add(path);
      }
    });
  printer.end();
  if (damaged.size > 0)
    throw new CliError({ exit: 'failed', message: `not all can be read of ${[...damaged].join(', ')}` });
}

/** What a log has set aside keeps its name, with an ending more. */
function mustFindKind(path: string): FileKind {
  const name = basename(path).replace(/\.deleted$|\.partial$/, '');
  const kind = fileKinds.find(({ ending }) => name.endsWith(ending));
  if (kind !== undefined) return kind;
  const known = fileKinds.map(({ ending }) => ending).join(', ');
  throw new CliError({ exit: 'usage', message: `${path} is not named like a file of a log (${known})` });
}

interface Printer {
  print(entry: DumpEntry): void;
  end(): void;
}

/** Written in pieces: a call for each line of a large segment would take longer than finding what is in it. */
const pieceLetters = 64 * 1024;

function printerOf(terminal: Terminal, output: OutputFormat): Printer {
  if (output === 'yaml' || output === 'name')
    throw new CliError({ exit: 'usage', message: `--output is ${output}, but a dump is table, json or ndjson` });
  let waiting = output === 'json' ? '[' : '';
  let separator = '\n';
  return {
    print: (entry) => {
      if (output === 'json') waiting += separator + JSON.stringify(entry);
      else waiting += `${output === 'ndjson' ? JSON.stringify(entry) : dumpLine(entry)}\n`;
      separator = ',\n';
      if (waiting.length < pieceLetters) return;
      terminal.out(waiting);
      waiting = '';
    },
    end: () => terminal.out(output === 'json' ? `${waiting}\n]\n` : waiting),
  };
}
