/**
 * Processes of the built command under test: ran to their end, or a node that serves until the test stops it.
 * Every process that is started here is ended by `stopAll`, which tests call when they are done.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientNetwork } from '../../src/cli/real-network.ts';
import type { Channel } from '../../src/ports/stream.ts';
import { healthRequestCodec } from '../../src/wire/health-messages.ts';
import { builtProgram } from './built-program.ts';

const startMsMax = 15_000;

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Bench {
  readonly #program = builtProgram();
  readonly #children = new Set<ChildProcess>();
  readonly #folders: string[] = [];

  get program(): string {
    return this.#program;
  }

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'odradek-e2e-'));
    this.#folders.push(folder);
    return folder;
  }

  /** The command with these words, to its end. `input`: what is piped in. */
  async run(
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    input?: string,
  ): Promise<Ran> {
    const child = this.#spawn(words, environment);
    const output = collect(child);
    child.stdin?.end(input);
    await once(child, 'close');
    return { exitCode: child.exitCode ?? -1, ...output() };
  }

  /** A node on free ports of this machine, once it serves. */
  async serve(dataFolder: string, settings: readonly string[] = []): Promise<ServingNode> {
    const own = ['api.listen=127.0.0.1:0', 'peer.listen=127.0.0.1:0', 'log.format=json'];
    const words = ['server', '--data', dataFolder, ...[...own, ...settings].flatMap((each) => ['--set', each])];
    const child = this.#spawn(words, {});
    const node = new ServingNode(child);
    await node.untilSaid('"the node serves"', startMsMax);
    return node;
  }

  /** `odradek dev`, once it says what to type. */
  async dev(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<ServingProcess> {
    const cluster = new ServingProcess(this.#spawn(['dev', ...words], environment));
    await cluster.untilSaid('In another terminal', startMsMax);
    return cluster;
  }

  /** A call that stays open, as long as the test likes. */
  watchHealth(api: string): HealthWatch {
    return new HealthWatch(api);
  }

  async stopAll(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  #spawn(words: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
    const { PATH: path = '', HOME: home = '' } = process.env;
    const child = spawn(process.execPath, [this.#program, ...words], {
      env: { PATH: path, HOME: home, ...environment },
      stdio: 'pipe',
    });
    this.#children.add(child);
    return child;
  }
}

export class ServingProcess {
  readonly child: ChildProcess;
  readonly #output: () => { stdout: string; stderr: string };

  constructor(child: ChildProcess) {
    this.child = child;
    this.#output = collect(child);
  }

  get stdout(): string {
    return this.#output().stdout;
  }

  async untilSaid(words: string, msMax: number): Promise<void> {
    const untilMs = Date.now() + msMax;
    while (!this.stdout.includes(words)) {
      if (this.child.exitCode !== null) throw new Error(`the process ended: ${JSON.stringify(this.#output())}`);
      if (Date.now() > untilMs) throw new Error(`waited in vain for ${words}: ${JSON.stringify(this.#output())}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** The exit code, or the name of the signal that ended it. */
  async end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | string> {
    const closed = once(this.child, 'close');
    this.child.kill(signal);
    await closed;
    return this.child.exitCode ?? this.child.signalCode ?? 'nothing';
  }
}

export class ServingNode extends ServingProcess {
  /** Every event that the node has logged so far. */
  get events(): Record<string, unknown>[] {
    const lines = this.stdout.split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** host:port of its API. */
  get api(): string {
    return String(this.events.find(({ msg }) => msg === 'the node serves')?.['api']);
  }
}

export class HealthWatch {
  readonly #channel: Channel;
  #isOpen = false;

  constructor(api: string) {
    this.#channel = clientNetwork().channel(api);
    const stream = this.#channel.open(
      'grpc.health.v1.Health/Watch',
      { deadlineMs: undefined, headers: {} },
      {
        onMessage: (message) => {
          this.#isOpen = true;
          stream.release(message.length);
        },
        onCredit() {},
        onEnd() {},
        onClose() {},
      },
    );
    stream.send([healthRequestCodec.encode({ service: '' })]);
  }

  async untilOpen(): Promise<void> {
    while (!this.#isOpen) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  close(): void {
    this.#channel.close();
  }
}

function collect(child: ChildProcess): () => { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  return () => output;
}

/** A port that nobody listens on, as far as one can know. */
export function freePort(): Promise<number> {
  return freeFirstPort([0]);
}

/** The first port of a quorum as cluster/local.mjs lays it out: so many API ports in a row, and the peer ports above. */
export function freeQuorumPort(voters = 3): Promise<number> {
  const numbers = Array.from({ length: voters }, (_, at) => at);
  return freeFirstPort([...numbers, ...numbers.map((number) => number + 100)]);
}

/** Below the ports that systems give to outgoing connections: those may be taken by the time that they are used. */
const portsFrom = 10_000;
const portsBelow = 32_000;
const attemptsMax = 100;

async function freeFirstPort(offsets: readonly number[]): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const first = portsFrom + Math.floor(Math.random() * (portsBelow - portsFrom - Math.max(...offsets)));
    const areFree = await Promise.all(offsets.map((offset) => isFree(first + offset)));
    if (areFree.every(Boolean)) return first;
  }
  throw new Error(`no ports are free between ${portsFrom} and ${portsBelow}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
