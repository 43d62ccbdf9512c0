/**
 * How long a node takes from the start of its process to its first answer: what a person waits after `odradek server`,
 * and a cluster after a crash.
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
import type { Channel } from '../../src/ports/stream.ts';
import { callUnary } from '../../src/ports/unary.ts';
import { quorumReplyCodec } from '../../src/wire/quorum-messages.ts';
import { freePort } from '../e2e/node-process.ts';

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
for (let run = 0; run < runs; run += 1) {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-boot-'));
  fresh.push(await boot(folder));
  again.push(await boot(folder));
  rmSync(folder, { recursive: true });
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
