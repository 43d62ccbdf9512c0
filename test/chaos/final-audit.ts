/**
 * The end of every chaos run: kill -9 of all voters at once, start from disk, and a comparison of what they then hold
 * with what was answered.
 */
import { randomBytes } from 'node:crypto';
import { uniqueIdFromBytes } from '../../src/base/ids.ts';
import { metadataBatchCodec } from '../../src/wire/metadata-log-codec.ts';
import type { QuorumReply } from '../../src/wire/quorum-messages.ts';
import type { CountReply } from '../quorum/producer-id-counter.ts';
import type { LocalQuorum } from './local-quorum.ts';
import type { PatientWriter } from './patient-writer.ts';
import type { VoterCalls } from './voter-calls.ts';
import type { LedgerWrite, LoggedCommand, WriteLedger } from './write-ledger.ts';

const readMsMax = 60_000;
const askAgainAtOnceMax = 16;
/** The metadata remembers 16,384 requests, so later ones must not be asked again. */
const askAgainMax = 1000;

export interface Audit {
  readonly problems: readonly string[];
  readonly restarted: readonly QuorumReply[];
  /** Voters whose whole log was compared with the answers. */
  readonly logsRead: number;
  /** Batches that are in the logs and count for nothing, because one before them was never appended. */
  readonly voids: number;
}

export interface AuditOptions {
  readonly quorum: LocalQuorum;
  readonly writer: PatientWriter;
  readonly ledger: WriteLedger;
}

export async function auditAfterRestart({ quorum, writer, ledger }: AuditOptions): Promise<Audit> {
  const running = quorum.members.filter(({ process: each }) => each.isRunning);
  await Promise.all(running.map(({ process: each }) => each.kill()));
  for (const { process: each } of running) each.start();
  const restarted = await quorum.untilEqual(ledger.lastIndex);
  const problems = [...ledger.findProblems(), ...chainProblems(restarted)];

  const logs = await Promise.all(running.map(({ calls }) => readLog(calls)));
  // A log whose beginning went into a snapshot cannot tell the order from the first write on.
  const whole = logs.filter(({ beginsAt }) => beginsAt === 1);
  problems.push(...whole.flatMap(({ commands }) => ledger.findProblemsInLog(commands)));

  const counter = await countOn(writer);
  const again = await askAgain(writer, ledger.answered.slice(-askAgainMax));
  problems.push(...ledger.findProblemsAfter({ counter: counter - 1, again }));
  const counterAfter = await countOn(writer);
  if (counterAfter !== counter + 1) problems.push(`asking again moved the counter from ${counter} to ${counterAfter}`);

  problems.push(...chainProblems(await quorum.untilEqual(ledger.lastIndex)));
  const voids = Math.max(0, ...whole.map((log) => log.voids));
  return { problems, restarted, logsRead: whole.length, voids };
}

interface VoterLog {
  readonly beginsAt: number | undefined;
  readonly commands: readonly LoggedCommand[];
  readonly voids: number;
}

async function readLog(calls: VoterCalls): Promise<VoterLog> {
  const entries = await calls.records(readMsMax);
  if (!entries.ok)
    throw new Error(`voter ${calls.addresses.voterId} does not give its log: ${entries.problem.message}`);
  let batches = 0;
  let voids = 0;
  const commands = entries.value.flatMap(({ index, payload }) => {
    if (payload.type !== 'command') return [];
    const batch = metadataBatchCodec.decode(payload.bytes);
    if (!batch.ok) throw new Error(`entry ${index} cannot be read: ${batch.problem.why}`);
    const { number, request } = batch.value;
    if (number !== batches + 1) {
      voids += 1;
      return [];
    }
    batches = number;
    return request === undefined ? [] : [{ index, requestId: request.requestId }];
  });
  return { beginsAt: entries.value[0]?.index, commands, voids };
}

export function describeAudit({ restarted, logsRead, voids }: Audit): readonly string[] {
  return [
    ...restarted.map((reply) => `after the restart: ${describeChain(reply)}`),
    `${logsRead} logs read from their first entry; ${voids} batches in them count for nothing`,
  ];
}

function chainProblems(replies: readonly QuorumReply[]): string[] {
  const chains = new Set(replies.map(({ committedChain }) => committedChain));
  if (chains.size === 1) return [];
  return [`the committed chains differ: ${replies.map(describeChain).join(', ')}`];
}

function describeChain({ voterId, commitIndex, committedChain }: QuorumReply): string {
  return `voter ${voterId} at ${commitIndex} has ${committedChain.toString(16).padStart(8, '0')}`;
}

/** One more than there were. */
async function countOn(writer: PatientWriter): Promise<number> {
  const answered = await writer.count(uniqueIdFromBytes(randomBytes(16)));
  return answered?.reply.type === 'counted' ? answered.reply.counter : Number.NaN;
}

async function askAgain(writer: PatientWriter, writes: readonly LedgerWrite[]): Promise<Map<string, CountReply>> {
  const replies = new Map<string, CountReply>();
  for (let at = 0; at < writes.length; at += askAgainAtOnceMax) {
    const some = writes.slice(at, at + askAgainAtOnceMax).map(async ({ requestId }) => {
      const answered = await writer.count(requestId);
      if (answered !== undefined) replies.set(requestId, answered.reply);
    });
    await Promise.all(some);
  }
  return replies;
}
