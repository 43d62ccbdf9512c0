/**
 * One voter as a process that can be killed, paused and started again on the same ports and the same data.
 *
 * What it writes goes to a file beside its data, so that a failed run can be read afterwards. Who starts it ends it:
 * local-quorum.ts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../src/base/assert.ts';
import { directoryIdFromOutside, type DirectoryId, type VoterId } from '../../src/base/ids.ts';

/** As cluster/local.mjs starts a node. */
const heapFlags = ['--initial-old-space-size=256'];

export interface VoterAddresses {
  readonly voterId: VoterId;
  readonly api: string;
  readonly peer: string;
}

export interface VoterProcessOptions extends VoterAddresses {
  readonly program: string;
  readonly rootFolder: string;
  readonly settings: readonly string[];
  readonly roles: string;
  /** Those that found the quorum, or for one that joins: itself and those that it finds the quorum through. */
  readonly listed: readonly VoterAddresses[];
}

export class VoterProcess {
  readonly #options: VoterProcessOptions;
  #child: ChildProcess | undefined;
  #isPaused = false;

  constructor(options: VoterProcessOptions) {
    this.#options = options;
  }

  get voterId(): VoterId {
    return this.#options.voterId;
  }

  get addresses(): VoterAddresses {
    const { voterId, api, peer } = this.#options;
    return { voterId, api, peer };
  }

  get isBroker(): boolean {
    return this.#options.roles.includes('broker');
  }

  get pid(): number {
    const { pid } = this.#mustRun();
    assert(pid !== undefined, 'a process that runs has a number', { voter: this.voterId });
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Running and not paused. */
  get isUp(): boolean {
    return this.isRunning && !this.#isPaused;
  }

  start(): void {
    assert(!this.isRunning, 'a voter is started when it does not run', { voter: this.voterId });
    const { program, rootFolder, settings: more, roles, listed, voterId, api, peer } = this.#options;
    const settings = [
      `node.id=${voterId}`,
      `node.roles=${roles}`,
      `api.listen=${api}`,
      `peer.listen=${peer}`,
      `quorum.voters=${listed.map((each) => `${each.voterId}@${each.peer}`).join(',')}`,
      'log.format=json',
      ...more,
    ].flatMap((setting) => ['--set', setting]);
    const log = openSync(this.#logFile, 'a');
    const { PATH: path = '', HOME: home = '' } = process.env;
    this.#child = spawn(
      process.execPath,
      [...heapFlags, program, 'server', '--data', join(rootFolder, String(voterId)), ...settings],
      {
        env: { PATH: path, HOME: home },
        stdio: ['ignore', log, log],
      },
    );
    closeSync(log);
    this.#isPaused = false;
  }

  /** kill -9, whatever it does now. Resolves when the system has taken everything back. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#mustRun(), 'exit');
    this.killNow();
    await exited;
  }

  /** For the end of the supervisor, which waits for nothing. */
  killNow(): void {
    if (this.isRunning) this.#mustRun().kill('SIGKILL');
  }

  pause(): void {
    this.#mustRun().kill('SIGSTOP');
    this.#isPaused = true;
  }

  resume(): void {
    this.#mustRun().kill('SIGCONT');
    this.#isPaused = false;
  }

  /** Of its storage, once it has belonged to a cluster. */
  get directoryId(): DirectoryId | undefined {
    const [, written = ''] = /"directory":"([0-9a-f]{32})"/.exec(this.#log()) ?? [];
    const directory = directoryIdFromOutside(written);
    return directory.ok ? directory.value : undefined;
  }

  /** How often it has said that. */
  countSaid(sentence: string): number {
    return this.#log().split(JSON.stringify(sentence)).length - 1;
  }

  lastLogLines(count: number): string {
    return this.#log().trimEnd().split('\n').slice(-count).join('\n');
  }

  #log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : '';
  }

  get #logFile(): string {
    return join(this.#options.rootFolder, `voter-${this.voterId}.log`);
  }

  #mustRun(): ChildProcess {
    assert(this.#child !== undefined && this.isRunning, 'only a running voter gets a signal', { voter: this.voterId });
    return this.#child;
  }
}
