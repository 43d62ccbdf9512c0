/**
 * `odradek storage verify FOLDER...`: looks at every byte of the logs below folders, and tells what is not whole, by its
 * offsets, and what to do. It reads only, so a broker may run; then the ends of its logs may be told as unfinished.
 */
import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { NodeDisk } from '../adapters/node-disk.ts';
import { FileHandles } from '../storage/file-handles.ts';
import { LogFolder } from '../storage/log-folder.ts';
import { findOffsetInName } from '../storage/segment-names.ts';
import { isDamaged, verifyLog, type VerifiedLog } from '../storage/verify-log.ts';
import { CliError } from './cli-error.ts';
import type { CommonOptions } from './command-options.ts';
import { cannotOpen } from './file-bytes.ts';
import { printListing, type ListColumn } from './print-listing.ts';
import type { Terminal } from './terminal.ts';

interface Verified extends VerifiedLog {
  readonly path: string;
}

/** Below a folder that is given: the data of a node has its logs three folders down. */
const depthMax = 5;
const openFilesMax = 64;

export async function verifyStorage(
  terminal: Terminal,
  folders: readonly string[],
  options: Pick<CommonOptions, 'output'>,
): Promise<void> {
  const paths = folders.flatMap((folder) => findLogs(folder));
  const verified: Verified[] = [];
  for (const [at, path] of paths.entries()) {
    if (terminal.isInteractive) terminal.err(`\r${at + 1} of ${paths.length} logs`);
    verified.push(await verifyOne(path));
  }
  if (terminal.isInteractive && paths.length > 0) terminal.err('\r\u001B[K');
  await printListing(
    { terminal, options },
    {
      rows: verified,
      columns,
      nameOf: ({ path }) => path,
      plain: plainOf,
      whenEmpty: 'there is no log below that',
    },
  );
  const { output } = options;
  if (output === 'table' || output === 'wide') terminal.out(verified.map(describeFindings).join(''));
  const damaged = verified.filter(isDamaged);
  if (damaged.length === 0) return;
  throw new CliError({
    exit: 'damaged',
    message: `damaged: ${damaged.map(({ path }) => path).join(', ')}`,
    hint: 'where the topic has other replicas: stop the broker, move the folder of the log away, and start it again',
  });
}

async function verifyOne(path: string): Promise<Verified> {
  const root = resolve(path, '..');
  const disk = new NodeDisk(root);
  const name = basename(resolve(path));
  const handles = new FileHandles(disk, openFilesMax);
  try {
    const verified = await verifyLog(new LogFolder(disk, name, handles));
    if (verified.ok) return { path, ...verified.value };
    const why =
      verified.problem.type === 'no-log'
        ? 'its first segment went while it was looked at; try again'
        : `it has format ${verified.problem.found}, and this release knows ${verified.problem.known}`;
    throw new CliError({ exit: 'failed', message: `${path} cannot be verified: ${why}` });
  } finally {
    await handles.forgetBelow(name);
  }
}

/** Folders with segments in them, the given one or below it. */
function findLogs(folder: string, depth = 0): readonly string[] {
  const entries = readFolder(folder);
  if (entries.some((entry) => entry.isFile() && findOffsetInName(entry.name, '.log') !== undefined)) return [folder];
  if (depth === depthMax) return [];
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .sort()
    .flatMap((path) => findLogs(path, depth + 1));
}

function readFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    throw cannotOpen(folder, cause, { ENOTDIR: 'verify takes the folder of a log, or one above it' });
  }
}

const columns: readonly ListColumn<Verified>[] = [
  { title: 'LOG', cell: ({ path }) => path },
  { title: 'FROM', cell: ({ start }) => String(start), align: 'right' },
  { title: 'TO', cell: ({ end }) => String(end), align: 'right' },
  { title: 'SEGMENTS', cell: ({ segmentCount }) => String(segmentCount), align: 'right' },
  { title: 'BATCHES', cell: ({ batchCount }) => String(batchCount), align: 'right' },
  { title: 'BYTES', cell: ({ scannedBytes }) => String(scannedBytes), align: 'right' },
  { title: 'STATE', cell: stateOf },
];

function stateOf(log: Verified): string {
  if (isDamaged(log)) return 'damaged';
  return log.findings.length === 0 ? 'whole' : 'whole, with remarks';
}

function describeFindings({ path, findings }: Verified): string {
  return findings
    .map(({ file, range, what }) => {
      const offsets = range === undefined ? '' : ` offsets ${range.from} to ${range.to - 1}:`;
      return `${join(path, file)}:${offsets} ${what}\n`;
    })
    .join('');
}

function plainOf(verified: Verified): unknown {
  const { findings, ...log } = verified;
  const plain = findings.map(({ range, ...finding }) => ({
    ...finding,
    firstOffset: range?.from ?? null,
    lastOffset: range === undefined ? null : range.to - 1,
  }));
  return { ...log, isDamaged: isDamaged(verified), findings: plain };
}
