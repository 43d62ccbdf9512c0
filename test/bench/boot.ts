/**
 * How long a node takes from the start of its process to its first answer: what a person waits after `odradek server`,
 * and a cluster after a crash; and how long `odradek dev` takes until it has acknowledged a first record. A process
 * that does nothing is beside them, as what the machine and Node.js take.
 *
 * Run: make build && node --import tsx test/bench/boot.ts [RUNS]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clientNetwork } from '../../src/cli/real-network.ts';
import type { Codec } from '../../src/ports/codec.ts';
import type { Channel } from '../../src/ports/stream.ts';
import { BatchEncoder } from '../../src/record/batch-encoder.ts';
import { callUnary } from '../../src/ports/unary.ts';
import { quorumReplyCodec } from '../../src/wire/quorum-messages.ts';
import { getMetadataReplyCodec, getMetadataRequestCodec } from '../../src/wire/metadata-messages.ts';
import { produceCallCodec, produceReplyCodec } from '../../src/wire/produce-fetch-messages.ts';
import { freePort, freeQuorumPort } from '../e2e/node-process.ts';

const program = fileURLToPath(new URL('../../dist/bin/main.js', import.meta.url));
const network = clientNetwork();
const bootMsMax = 20_000;

interface Boot {
  /** Until the first GetQuorum that is answered. */
  readonly answeredMs: number;
  /** Until the first answer that names a leader: from here on the node can do its work. */
  readonly ledMs: number;
}

async function boot(folder: string): Promise<Boot> {
  const [apiPort, peerPort] = await Promise.all([freePort(), freePort()]);
  const settings = [`api.listen=127.0.0.1:${apiPort}`, `peer.listen=127.0.0.1:${peerPort}`];
  const words = ['server', '--data', folder, ...settings.flatMap((setting) => ['--set', setting])];
  const startMs = performance.now();
  const node = spawn(process.execPath, [program, ...words], { stdio: 'ignore' });
  try {
    await untilConnectable(apiPort, startMs);
    const channel = network.channel(`127.0.0.1:${apiPort}`);
    let answeredMs: number | undefined;
    for (;;) {
      const leader = await askLeader(channel);
      if (leader !== 'no-answer') answeredMs ??= performance.now() - startMs;
      if (answeredMs !== undefined && typeof leader === 'number') {
        channel.close();
        return { answeredMs, ledMs: performance.now() - startMs };
      }
      if (performance.now() - startMs > bootMsMax) throw new Error(`no leader after ${bootMsMax} ms`);
      await delay(1);
    }
  } finally {
    await stop(node);
  }
}

/** A topic that nobody made, and a record in it, as soon as the cluster takes it. */
async function firstRecordMs(): Promise<number> {
  const apiPort = await freeQuorumPort(1);
  const startMs = performance.now();
  const words = ['dev', '--ephemeral', '--port', String(apiPort)];
  const cluster = spawn(process.execPath, [program, ...words], { stdio: 'ignore' });
  try {
    await untilConnectable(apiPort, startMs);
    const channel = network.channel(`127.0.0.1:${apiPort}`);
    for (;;) {
      if (await produceOne(channel)) {
        channel.close();
        return performance.now() - startMs;
      }
      if (performance.now() - startMs > bootMsMax) throw new Error(`no record after ${bootMsMax} ms`);
      await delay(1);
    }
  } finally {
    await stop(cluster);
  }
}

async function produceOne(channel: Channel): Promise<boolean> {
  const metadata = await call(channel, 'MetadataService/GetMetadata', getMetadataRequestCodec, {
    topics: ['first'],
    allTopics: false,
    page: { size: undefined, token: '' },
    consistency: 'linearizable',
    createMissing: true,
  });
  const reply = metadata && getMetadataReplyCodec.decode(metadata);
  const topic = reply?.ok === true ? reply.value.topics[0] : undefined;
  if (topic?.isKnown !== true) return false;
  const encoder = new BatchEncoder({ batchBytesTarget: 1024, batchBytesMax: 1024 });
  encoder.append({ key: null, value: 'hello', timestampMs: Date.now() });
  const place = { topicId: topic.topicId, partition: 0, leaderEpoch: undefined };
  const produced = await call(channel, 'LogService/Produce', produceCallCodec, {
    acks: 'all',
    timeoutMs: 1000,
    partitions: [{ ...place, ownedBatch: encoder.finishOwned() }],
  });
  const results = produced && produceReplyCodec.decode(produced);
  return results?.ok === true && results.value[0]?.problem === undefined;
}

/** Undefined: refused, or not answered. */
async function call<Request>(
  channel: Channel,
  method: string,
  codec: Pick<Codec<Request>, 'encode'>,
  request: Request,
) {
  const answer = await callUnary(channel, {
    method: `odradek.v1.${method}`,
    request: [codec.encode(request)],
    options: { deadlineMs: 1000, headers: {} },
  });
  return answer.ok ? answer.value : undefined;
}

async function nothingMs(): Promise<number> {
  const startMs = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - startMs;
}

async function askLeader(channel: Channel): Promise<number | 'no-leader' | 'no-answer'> {
  const answer = await callUnary(channel, {
    method: 'odradek.v1.QuorumService/GetQuorum',
    request: [new Uint8Array(0)],
    options: { deadlineMs: 1000, headers: {} },
  });
  if (!answer.ok) return 'no-answer';
  const quorum = quorumReplyCodec.decode(answer.value);
  if (!quorum.ok) throw new Error(quorum.problem.why);
  return quorum.value.leaderId ?? 'no-leader';
}

/** Bare connections cost the starting process nothing, so that asking does not slow down what is measured. */
async function untilConnectable(port: number, startMs: number): Promise<void> {
  while (performance.now() - startMs < bootMsMax) {
    const socket = net.connect(port, '127.0.0.1');
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (connected) return;
    await delay(1);
  }
  throw new Error(`nobody listens after ${bootMsMax} ms`);
}

async function stop(node: ChildProcess): Promise<void> {
  const exited = once(node, 'exit');
  node.kill('SIGTERM');
  await exited;
}

function row(name: string, valuesMs: readonly number[]): string {
  const sorted = [...valuesMs].sort((left, right) => left - right);
  const at = (share: number): string =>
    `${(sorted[Math.ceil(sorted.length * share) - 1] ?? NaN).toFixed(0)} ms`.padStart(9);
  return `${name.padEnd(44)}${at(0.5)}${at(0.95)}${at(1)}`;
}

const runs = Number(process.argv[2] ?? 20);
const fresh: Boot[] = [];
const again: Boot[] = [];
const firstRecords: number[] = [];
const nothings: number[] = [];
for (let run = 0; run < runs; run += 1) {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-boot-'));
  fresh.push(await boot(folder));
  again.push(await boot(folder));
  rmSync(folder, { recursive: true });
  firstRecords.push(await firstRecordMs());
  nothings.push(await nothingMs());
}
console.log(`process start to first answer, ${runs} runs`.padEnd(44) + '   median      p95      max');
console.log(
  row(
    'fresh data folder: GetQuorum is answered',
    fresh.map(({ answeredMs }) => answeredMs),
  ),
);
console.log(
  row(
    'fresh data folder: and names a leader',
    fresh.map(({ ledMs }) => ledMs),
  ),
);
console.log(
  row(
    'restart: GetQuorum is answered',
    again.map(({ answeredMs }) => answeredMs),
  ),
);
console.log(
  row(
    'restart: and names a leader',
    again.map(({ ledMs }) => ledMs),
  ),
);
console.log(row('odradek dev: a first record is acknowledged', firstRecords));
console.log(row('a process of Node.js that does nothing', nothings));
console.log('goal: a first record within 300 ms (p95)');
