/**
 * A quorum of real processes on free ports of this machine, with its data in a temporary folder.
 *
 * Whatever happens to the program that made it, short of kill -9, its processes end: `end` in the ordinary case, the
 * exit hook in all others. The data of a run that failed is kept.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '../../src/base/assert.ts';
import { voterId, type ClusterId, type VoterId } from '../../src/base/ids.ts';
import type { QuorumReply } from '../../src/wire/quorum-messages.ts';
import { builtProgram } from '../e2e/built-program.ts';
import { freePort } from '../e2e/node-process.ts';
import { VoterCalls } from './voter-calls.ts';
import { VoterProcess, type VoterAddresses } from './voter-process.ts';

const startMsMax = 30_000;
const lookMs = 20;
const firstBroker = 10;
const lookDeadlineMs = 500;

export interface QuorumMember {
  readonly process: VoterProcess;
  readonly calls: VoterCalls;
}

export interface QuorumOptions {
  /** Of each voter, as node.roles has it. */
  readonly roles?: string;
  /** Nodes that are brokers and nothing else. */
  readonly brokersAlone?: number;
  /** Of each node, beside those that make it a voter of this quorum: name=value. */
  readonly settings?: readonly string[];
}

export class LocalQuorum {
  readonly folder = mkdtempSync(join(tmpdir(), 'odradek-chaos-'));
  readonly #program = builtProgram();
  readonly #members: QuorumMember[] = [];
  readonly #onExit = (): void => this.#members.forEach(({ process: each }) => each.killNow());

  readonly #settings: readonly string[];

  private constructor(settings: readonly string[]) {
    this.#settings = settings;
    process.on('exit', this.#onExit);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  }

  /** Founded, and with a leader that all know. */
  static async start(voterCount: number, options: QuorumOptions = {}): Promise<LocalQuorum> {
    const { settings = [], roles = 'quorum', brokersAlone = 0 } = options;
    const quorum = new LocalQuorum(settings);
    const addresses = await Promise.all(Array.from({ length: voterCount }, (_, at) => freeAddresses(at + 1)));
    for (const each of addresses) quorum.#add(each, addresses, roles);
    for (let number = 1; number <= brokersAlone; number += 1)
      quorum.#add(await freeAddresses(firstBroker + number), addresses, 'broker');
    for (const { process: each } of quorum.#members) each.start();
    await quorum.untilLed();
    return quorum;
  }

  get members(): readonly QuorumMember[] {
    return this.#members;
  }

  get brokers(): readonly QuorumMember[] {
    return this.#members.filter(({ process: each }) => each.isBroker);
  }

  member(voter: VoterId): QuorumMember {
    const member = this.#members.find(({ process: each }) => each.voterId === voter);
    assert(member !== undefined, 'the voter is one of this quorum', { voter });
    return member;
  }

  /** A node that knows where the quorum is and does not vote yet; resolves when it has found the cluster. */
  async join(): Promise<QuorumMember> {
    const addresses = await freeAddresses(this.#members.length + 1);
    const known = this.#members.map(({ process: each }) => each.addresses);
    const member = this.#add(addresses, [...known, addresses], 'quorum');
    member.process.start();
    await this.until(`voter ${addresses.voterId} finds its cluster`, async () =>
      member.process.directoryId === undefined ? undefined : true,
    );
    return member;
  }

  /** The quorum as one voter sees it; undefined when that does not answer. */
  async look(voter: VoterId): Promise<QuorumReply | undefined> {
    const { process: each, calls } = this.member(voter);
    if (!each.isUp) return undefined;
    const reply = await calls.getQuorum(lookDeadlineMs);
    return reply.ok ? reply.value : undefined;
  }

  async lookAtAll(): Promise<readonly (QuorumReply | undefined)[]> {
    return Promise.all(this.#members.map(({ process: each }) => this.look(each.voterId)));
  }

  /** All running voters know one leader of one term. A node that is not added yet is no voter. */
  untilLed(): Promise<readonly QuorumReply[]> {
    return this.until('all voters know one leader', async () => {
      const running = this.#members.filter(({ process: each }) => each.isRunning);
      const seen = await Promise.all(running.map(({ process: each }) => this.look(each.voterId)));
      const answers = seen.filter((reply) => reply !== undefined);
      const replies = answers.filter((reply) => reply.voters.some(({ voterId: listed }) => listed === reply.voterId));
      const agree = replies.every(
        ({ leaderId, term }) => leaderId !== undefined && leaderId === replies[0]?.leaderId && term === replies[0].term,
      );
      return answers.length === seen.length && replies.length > 0 && agree ? replies : undefined;
    });
  }

  /** All running voters have applied the same entries, at least up to `index`. */
  untilEqual(index: number): Promise<readonly QuorumReply[]> {
    return this.until(`all voters have applied up to ${index} or beyond, and equally far`, async () => {
      const replies = await this.untilLed();
      const isEqual = replies.every(({ commitIndex }) => commitIndex === replies[0]?.commitIndex);
      return isEqual && (replies[0]?.commitIndex ?? 0) >= index ? replies : undefined;
    });
  }

  async clusterId(): Promise<ClusterId> {
    const [first] = await this.untilLed();
    assert(first?.clusterId !== undefined, 'a led quorum is a cluster');
    return first.clusterId;
  }

  /** Asks again and again, within bounds. */
  async until<Value>(what: string, ask: () => Promise<Value | undefined>): Promise<Value> {
    const untilMs = performance.now() + startMsMax;
    for (;;) {
      const value = await ask();
      if (value !== undefined) return value;
      if (performance.now() > untilMs)
        throw new Error(`waited ${startMsMax} ms in vain until ${what}\n${this.#logs()}`);
      await delay(lookMs);
    }
  }

  /** Ends all processes; the data goes unless it is to be looked at. */
  async end({ keepData }: { readonly keepData: boolean }): Promise<void> {
    await Promise.all(this.#members.map(({ process: each }) => each.kill()));
    for (const { calls } of this.#members) calls.close();
    process.off('exit', this.#onExit);
    if (!keepData) rmSync(this.folder, { recursive: true, force: true });
  }

  #add(addresses: VoterAddresses, listed: readonly VoterAddresses[], roles: string): QuorumMember {
    const own = { program: this.#program, rootFolder: this.folder, settings: this.#settings, roles };
    const options = { ...addresses, ...own, listed };
    const member = { process: new VoterProcess(options), calls: new VoterCalls(addresses) };
    this.#members.push(member);
    return member;
  }

  #logs(): string {
    return this.#members
      .map(({ process: each }) => `voter ${each.voterId}, end of its log:\n${each.lastLogLines(8)}`)
      .join('\n');
  }
}

/** Runs `body` on a fresh quorum and ends that, whatever happens. The data stays when a promise was broken. */
export async function onFreshQuorum(
  say: (line: string) => void,
  body: (quorum: LocalQuorum) => Promise<readonly string[]>,
  options: QuorumOptions = {},
): Promise<readonly string[]> {
  const quorum = await LocalQuorum.start(3, options);
  let keepData = true;
  try {
    const problems = await body(quorum);
    keepData = problems.length > 0;
    return problems;
  } finally {
    await quorum.end({ keepData });
    if (keepData) say(`data and logs are kept in ${quorum.folder}`);
  }
}

async function freeAddresses(number: number): Promise<VoterAddresses> {
  const [api, peer] = await Promise.all([freePort(), freePort()]);
  return { voterId: voterId(number), api: `127.0.0.1:${api}`, peer: `127.0.0.1:${peer}` };
}
