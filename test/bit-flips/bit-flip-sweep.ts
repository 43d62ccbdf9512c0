/**
 * Sends bit flips to worker processes and gathers the outcomes in a table by file.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { promises as fs } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTemplate, type BitFlipTemplate } from './bit-flip-template.ts';
import type { BitFlip, FlipOutcome, WorkerReply, WorkerRequest } from './bit-flip-worker.ts';

export interface SweepOptions {
  /** Every bit whose number among all bits is a multiple of it. */
  readonly stride: number;
  /** Of files whose path contains it. */
  readonly only: string;
  readonly workers: number;
  readonly onProgress: (soFar: SweepResult) => void;
}

export interface SweepResult {
  /** By kind of file, in the order of first sight. */
  readonly done: number;
  readonly table: ReadonlyMap<string, Readonly<Record<FlipOutcome, number>>>;
  readonly total: number;
  /** The first few of what must not be. */
  readonly wrong: readonly WorkerReply[];
}

const flipsPerRequest = 64;
const silenceMsMax = 30_000;
const wrongShownMax = 20;
const noOutcomes = { refused: 0, repaired: 0, 'carried nothing': 0, wrong: 0, 'process died': 0 };

/** LevelDB numbers its files: what they are is what matters. */
export function kindOfFile(path: string): string {
  return path
    .replace(/^node\//, '')
    .replace(/\d{6}\.(log|ldb)$/, '*.$1')
    .replace(/MANIFEST-\d+$/, 'MANIFEST-*')
    .replace(/[^/]+\.snapshot$/, '*.snapshot');
}

export async function sweepBitFlips(options: SweepOptions): Promise<SweepResult> {
  const root = await fs.mkdtemp(join(await quickFolder(), 'odradek-bit-flips-'));
  try {
    const template = await makeTemplate(join(root, 'template'));
    const flips = allFlips(template, options);
    const sweep = new Sweep(flips, options);
    const workers = Array.from({ length: options.workers }, (_, at) =>
      sweep.work(join(root, `worker-${at}`), template),
    );
    await Promise.all(workers);
    return sweep.result();
  } finally {
    await fs.rm(root, { recursive: true, force: true });
  }
}

/** A sweep is about what is read, not about syncs: where there is a file system in memory, take it. */
async function quickFolder(): Promise<string> {
  return fs.access('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );
}

function allFlips(template: BitFlipTemplate, { stride, only }: SweepOptions): BitFlip[] {
  const files = template.files.filter(({ path }) => path.includes(only));
  const all = files.flatMap(({ path, bytes }) => Array.from({ length: bytes.length * 8 }, (_, bit) => ({ path, bit })));
  return all.filter((_, at) => at % stride === 0);
}

class Sweep {
  readonly #waiting: BitFlip[];
  readonly #total: number;
  readonly #onProgress: SweepOptions['onProgress'];
  readonly #table = new Map<string, Record<FlipOutcome, number>>();
  readonly #wrong: WorkerReply[] = [];
  readonly #wereSilent = new Set<BitFlip>();
  #done = 0;

  constructor(flips: BitFlip[], options: SweepOptions) {
    this.#waiting = flips;
    this.#total = flips.length;
    this.#onProgress = options.onProgress;
  }

  /** One worker process after the other, until no flip is left. */
  async work(root: string, template: BitFlipTemplate): Promise<void> {
    while (this.#waiting.length > 0) {
      const path = fileURLToPath(new URL('bit-flip-worker.ts', import.meta.url));
      const child = fork(path, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
      send(child, { type: 'template', root, template });
      await this.#feed(child);
    }
  }

  result(): SweepResult {
    return { done: this.#done, table: this.#table, total: this.#total, wrong: this.#wrong };
  }

  /** Until the process dies, or has nothing left to do and is ended. */
  #feed(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      let asked: BitFlip[] = [];
      let lastWords = '';
      let wasSilent = false;
      let silence: NodeJS.Timeout | undefined;
      const ask = (): void => {
        clearTimeout(silence);
        silence = setTimeout(() => {
          wasSilent = true;
          child.kill('SIGKILL');
        }, silenceMsMax);
        if (asked.length > 0) return;
        asked = this.#waiting.splice(0, flipsPerRequest);
        if (asked.length === 0) child.kill();
        else send(child, { type: 'flips', flips: asked });
      };
      child.stderr?.on('data', (words: Buffer) => (lastWords = words.toString().slice(-300)));
      child.on('message', (reply: WorkerReply) => {
        asked.shift();
        this.#count(reply);
        ask();
      });
      child.on('exit', () => {
        clearTimeout(silence);
        const [culprit, ...rest] = asked;
        // A busy machine is slow to answer as well: only who is silent twice hangs.
        if (culprit !== undefined && wasSilent && !this.#wereSilent.has(culprit)) {
          this.#wereSilent.add(culprit);
          this.#waiting.push(culprit);
        } else if (culprit !== undefined)
          this.#count({ flip: culprit, outcome: 'process died', message: wasSilent ? 'no answer' : lastWords });
        this.#waiting.push(...rest);
        resolve();
      });
      ask();
    });
  }

  #count(reply: WorkerReply): void {
    const kind = kindOfFile(reply.flip.path);
    const row = this.#table.get(kind) ?? { ...noOutcomes };
    this.#table.set(kind, row);
    row[reply.outcome] += 1;
    const isWrong = reply.outcome === 'wrong' || reply.outcome === 'process died';
    if (isWrong && this.#wrong.length < wrongShownMax) this.#wrong.push(reply);
    this.#done += 1;
    this.#onProgress(this.result());
  }
}

function send(child: ChildProcess, request: WorkerRequest): void {
  child.send(request);
}

export function sweepTable({ table, done, total }: SweepResult): string {
  const columns = ['refused', 'repaired', 'carried nothing', 'wrong', 'process died'] as const;
  const rows = [...table].sort(([a], [b]) => (a < b ? -1 : 1));
  const sums = columns.map((column) => rows.reduce((sum, [, row]) => sum + row[column], 0));
  const line = (name: string, numbers: readonly (string | number)[]): string =>
    name.padEnd(24) + numbers.map((number) => String(number).padStart(16)).join('');
  return [
    line('file', columns),
    ...rows.map(([name, row]) =>
      line(
        name,
        columns.map((column) => row[column]),
      ),
    ),
    line(`${done} of ${total} bits`, sums),
  ].join('\n');
}
