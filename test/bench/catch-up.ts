/**
 * What a broker that comes back a gigabyte behind costs those who write meanwhile: three processes that replicate, one
 * of them killed while records go on, and a producer that sends at a steady pace before it comes back and while it
 * catches up. Run: node --import tsx test/bench/catch-up.ts
 */
import { setTimeout as delay } from 'node:timers/promises';
import { clientNetwork } from '../../src/cli/real-network.ts';
import type { Channel } from '../../src/ports/stream.ts';
import { BatchEncoder } from '../../src/record/batch-encoder.ts';
import { LocalQuorum } from '../chaos/local-quorum.ts';
import { RecordPlaces } from '../chaos/record-places.ts';
import { at } from './percentile.ts';
import { keepUnderWay, produceRequests, type BenchTopic } from './record-flows.ts';

const missedBytes = Number(process.env['MISSED_MB'] ?? 1000) * 1e6;
const pacedBytes = 16 * 1024;
const pacedEveryMs = 10;
const beforeMs = 15_000;
const goal = 1.5;
const network = clientNetwork();

const quorum = await LocalQuorum.start(3, { roles: 'quorum,broker' });
try {
  const { topic, leader, inSync } = await makeTopic('orders');
  const away = quorum.members.find(({ process: each }) => each.addresses.api !== leader)?.process;
  if (away === undefined) throw new Error('somebody does not lead');
  const paced = produceRequests(topic, batchOf(pacedBytes));
  await steady(paced, () => false, 3_000);
  await away.kill();
  await quorum.until('it is missed', async () => ((await inSync()) === 2 ? true : undefined));
  const large = produceRequests(topic, batchOf(128 * 1024));
  const startMs = performance.now();
  for (let sent = 0; sent < missedBytes; sent += 100 * 128 * 1024)
    await keepUnderWay({ ...large, send: () => sendMany(large, 12) }, 8, 1);
  console.log(`missed ${(missedBytes / 1e6).toFixed(0)} MB in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  large.close();
  const before = await steady(paced, () => false, beforeMs);
  const said = 'follows the leader of a partition';
  const saidBefore = away.countSaid(said);
  away.start();
  await quorum.until('it follows', () => Promise.resolve(away.countSaid(said) > saidBefore || undefined));
  const beganMs = performance.now();
  let isBack = false;
  const watching = (async (): Promise<void> => {
    while ((await inSync()) !== 3) await delay(100);
    isBack = true;
  })();
  const during = await steady(paced, () => isBack, 120_000);
  await watching;
  const tookMs = performance.now() - beganMs;
  const rate = missedBytes / 1e6 / (tookMs / 1000);
  const [p99Before, p99During] = [at(before, 0.99), at(during, 0.99)];
  console.log(`caught up in ${(tookMs / 1000).toFixed(1)} s: ${rate.toFixed(0)} MB/s`);
  console.log(`acks=all, ${pacedBytes / 1024} KiB every ${pacedEveryMs} ms`);
  console.log(`  without it     p50 ${at(before, 0.5).toFixed(1)} ms, p99 ${p99Before.toFixed(1)} ms`);
  console.log(`  as it catches up  p50 ${at(during, 0.5).toFixed(1)} ms, p99 ${p99During.toFixed(1)} ms`);
  console.log(`  p99 moved by ${(p99During / p99Before).toFixed(2)}; goal: ${goal} at most`);
} finally {
  await quorum.end({ keepData: false });
}
process.exit(0);

/** One batch every so often, whatever became of those before; how long each took. */
async function steady(
  requests: ReturnType<typeof produceRequests>,
  isOver: () => boolean,
  lastsMs: number,
): Promise<readonly number[]> {
  const tookMs: number[] = [];
  const startMs = performance.now();
  const under: Promise<void>[] = [];
  for (let sent = 0; performance.now() - startMs < lastsMs && !isOver(); sent += 1) {
    const atMs = performance.now();
    under.push(requests.send().then(() => void tookMs.push(performance.now() - atMs)));
    await delay(Math.max(0, startMs + (sent + 1) * pacedEveryMs - performance.now()));
  }
  await Promise.all(under);
  return tookMs.sort((left, right) => left - right);
}

async function sendMany(requests: ReturnType<typeof produceRequests>, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) await requests.send();
}

async function makeTopic(
  name: string,
): Promise<{ topic: BenchTopic; leader: string; inSync: () => Promise<number | undefined> }> {
  const places = new RecordPlaces(
    quorum.members.map(({ process: each }) => each.addresses.api),
    name,
  );
  const leader = await quorum.until(`topic ${name} is led`, async () => {
    const isThere = (await places.createTopic(1, 3)) && (await places.look());
    const [partition] = places.partitions;
    await delay(50);
    return isThere && partition?.inSync === 3 ? partition.endpoint : undefined;
  });
  const topic = { topicId: places.topicId, channel: (): Channel => network.channel(leader) };
  // Whoever comes back knows at first what was so before it went.
  const steadfast = new RecordPlaces([leader], name);
  const inSync = async (): Promise<number | undefined> => {
    await steadfast.look();
    return steadfast.partitions[0]?.inSync;
  };
  return { topic, leader, inSync };
}

function batchOf(sizeBytes: number): Uint8Array {
  const encoder = new BatchEncoder({ batchBytesTarget: 128 * 1024, batchBytesMax: 256 * 1024 });
  for (let bytes = 0; bytes < sizeBytes - 1100; bytes += 1010)
    encoder.append({ key: null, value: 'x'.repeat(1000), timestampMs: Date.now() });
  return encoder.finishOwned();
}
