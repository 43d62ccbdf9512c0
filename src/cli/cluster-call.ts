/**
 * One unary call from a command to the first node that answers, over the stream port like every other caller.
 */
import { assert } from '../base/assert.ts';
import type { Status } from '../base/status.ts';
import type { Codec } from '../ports/codec.ts';
import type { Channel, Network } from '../ports/stream.ts';
import { callUnary } from '../ports/unary.ts';
import { decodeErrorDetails, type ErrorDetails } from '../wire/error-details.ts';
import { CliError, exitForStatus } from './cli-error.ts';
import type { CommonOptions } from './command-options.ts';

export interface ClusterCall<Request, Reply> {
  readonly method: string;
  readonly request: Request;
  readonly requestCodec: Codec<Request>;
  readonly replyCodec: Codec<Reply>;
}

export interface Answered<Reply> {
  readonly reply: Reply;
  readonly endpoint: string;
}

interface Unanswered {
  readonly endpoint: string;
  readonly status: Status;
}

export interface StreamedCall<Request, Reply> extends ClusterCall<Request, Reply> {
  readonly onReply: (reply: Reply) => void;
}

const headers = { 'odradek-client-id': 'odradek-cli' };

/** A node that cannot be reached is passed over; any other refusal is the answer. */
export async function callCluster<Request, Reply>(
  network: Network,
  { brokers, timeoutMs }: CommonOptions,
  { method, request, requestCodec, replyCodec }: ClusterCall<Request, Reply>,
): Promise<Answered<Reply>> {
  const passedOver: Unanswered[] = [];
  for (const endpoint of brokers) {
    const channel = network.channel(endpoint);
    const options = { deadlineMs: timeoutMs, headers };
    const answer = await callUnary(channel, { method, request: [requestCodec.encode(request)], options });
    channel.close();
    if (!answer.ok) {
      passedOver.push({ endpoint, status: answer.problem });
      if (answer.problem.name === 'unavailable') continue;
      break;
    }
    const reply = replyCodec.decode(answer.value);
    if (!reply.ok) throw unreadableReply(endpoint, method, reply.problem.why);
    return { reply: reply.value, endpoint };
  }
  throw failureOf(passedOver);
}

/** Replies of one node after the other; only a node that sent nothing is passed over. */
export async function streamFromCluster<Request, Reply>(
  network: Network,
  { brokers, timeoutMs }: CommonOptions,
  call: StreamedCall<Request, Reply>,
): Promise<void> {
  const passedOver: Unanswered[] = [];
  for (const endpoint of brokers) {
    const channel = network.channel(endpoint);
    const { status, hasReplied } = await streamFrom(channel, timeoutMs, call);
    channel.close();
    if (status.name === 'ok') return;
    passedOver.push({ endpoint, status });
    if (status.name !== 'unavailable' || hasReplied) break;
  }
  throw failureOf(passedOver);
}

function streamFrom<Request, Reply>(
  channel: Channel,
  deadlineMs: number,
  { method, request, requestCodec, replyCodec, onReply }: StreamedCall<Request, Reply>,
): Promise<{ status: Status; hasReplied: boolean }> {
  return new Promise((resolve, reject) => {
    let hasReplied = false;
    const stream = channel.open(
      method,
      { deadlineMs, headers },
      {
        onMessage(ownedMessage) {
          hasReplied = true;
          const reply = replyCodec.decode(ownedMessage);
          if (reply.ok) onReply(reply.value);
          else reject(unreadableReply(channel.endpoint, method, reply.problem.why));
          stream.release(ownedMessage.length);
        },
        onCredit() {},
        onEnd() {},
        onClose: (status) => resolve({ status, hasReplied }),
      },
    );
    stream.send([requestCodec.encode(request)]);
    stream.end();
  });
}

function failureOf(unanswered: readonly Unanswered[]): CliError {
  const last = unanswered.at(-1);
  assert(last !== undefined, 'at least one node is asked');
  const details = detailsOf(last.status);
  if (details === undefined && last.status.name === 'unavailable') return unreachable(unanswered);
  return new CliError({
    exit: exitForStatus(last.status.name),
    message: `${last.endpoint} answers ${last.status.name}: ${last.status.message}`,
    ...(details === undefined ? {} : { reason: details.reason, facts: details.metadata }),
    ...hintFor(last.status),
  });
}

function hintFor(status: Status): { hint?: string } {
  if (status.name === 'unimplemented') return { hint: 'that node may run another release, or be no Odradek node' };
  if (status.name === 'deadline-exceeded') return { hint: 'wait longer with --timeout 30s, or ask another with -b' };
  return {};
}

function unreachable(unanswered: readonly Unanswered[]): CliError {
  const [first] = unanswered;
  const nodes = unanswered.map(({ endpoint }) => endpoint).join(', ');
  return new CliError({
    exit: 'unavailable',
    message: `no node answers at ${nodes} (${shortReason(first?.status.message ?? '')})`,
    hint: 'start one with `odradek dev`, `make quorum` or `odradek server`,\nor name another with -b HOST:PORT or ODRADEK_BROKERS',
  });
}

/** gRPC wraps what the system said in words of its own. */
function shortReason(message: string): string {
  return /Last error: (?:Error: )?(.+?)\.? *Resolution note/.exec(message)?.[1] ?? message;
}

function unreadableReply(endpoint: string, method: string, why: string): CliError {
  return new CliError({
    exit: 'failed',
    message: `the reply of ${endpoint} to ${method} cannot be read: ${why}`,
    hint: 'that node may run another release, or be no Odradek node',
  });
}

function detailsOf(status: Status): ErrorDetails | undefined {
  if (status.details === undefined) return undefined;
  const details = decodeErrorDetails(status.details);
  return details.ok && details.value.reason !== '' ? details.value : undefined;
}
