/**
 * What it costs to keep every batch twice: appends of the raft store against plain synced LevelDB batches of the same
 * entries, turn by turn in the same run.
 *
 * Run: node --import tsx test/bench/raft-store.ts
 */
import { promises as fs } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelKeyValueStores } from '../../src/adapters/level-key-value-stores.ts';
import { NodeDisk } from '../../src/adapters/node-disk.ts';
import { NodeRandom } from '../../src/adapters/node-random.ts';
import { nodeId, voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { StorageDirectory } from '../../src/storage/directory-identity.ts';
import { RaftStore } from '../../src/storage/raft-store.ts';

const payloadBytes = 200;
const batchSizes = [1, 16, 64];
const rounds = 4;
const appendsPerRound = 300;

type Append = (entriesPerBatch: number) => Promise<void>;

function payload(): Uint8Array {
  return new Uint8Array(payloadBytes).fill(7);
}

async function plainLevel(root: string): Promise<{ append: Append; close(): Promise<void> }> {
  const store = await new LevelKeyValueStores(root).open('plain');
  let next = 1;
  return {
    append: (entriesPerBatch) =>
      store.batch(
        Array.from({ length: entriesPerBatch }, () => ({
          type: 'put' as const,
          key: `e/${String(next++).padStart(16, '0')}`,
          value: payload(),
        })),
        { sync: true },
      ),
    close: () => store.close(),
  };
}

async function raftStore(root: string): Promise<{ append: Append; close(): Promise<void> }> {
  const disk = new NodeDisk(root);
  const identity = { nodeId: nodeId(1), clusterId: undefined };
  const directory = await StorageDirectory.open({ disk, folder: 'voter', random: new NodeRandom(), ...identity });
  if (!directory.ok) throw new Error('the directory is refused');
  const stores = new LevelKeyValueStores(root);
  const opened = await RaftStore.open({ disk, stores, directory: directory.value, recentBytesMax: 0 });
  if (!opened.ok) throw new Error(opened.problem.what);
  const store = opened.value;
  const hardState = { term: term(1), votedFor: voterId(1) };
  let next = 1;
  return {
    append: (entriesPerBatch) =>
      store.persist({
        hardState,
        truncateFrom: undefined,
        entries: Array.from({ length: entriesPerBatch }, () => ({
          index: logIndex(next++),
          term: term(1),
          payload: payload(),
        })),
      }),
    async close() {
      await store.close();
      await directory.value.close();
    },
  };
}

async function latenciesMs(append: Append, entriesPerBatch: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let count = 0; count < appendsPerRound; count += 1) {
    const start = performance.now();
    await append(entriesPerBatch);
    latencies.push(performance.now() - start);
  }
  return latencies;
}

function at(sorted: readonly number[], fraction: number): number {
  return sorted[Math.floor(sorted.length * fraction)] ?? Number.NaN;
}

function describe(latencies: readonly number[], entriesPerBatch: number): string {
  const sorted = [...latencies].sort((a, b) => a - b);
  const totalMs = latencies.reduce((sum, one) => sum + one, 0);
  const perSecond = (latencies.length * 1000) / totalMs;
  const figures = [perSecond.toFixed(0), (perSecond * entriesPerBatch).toFixed(0)];
  const times = [at(sorted, 0.5).toFixed(2), at(sorted, 0.99).toFixed(2)];
  return [...figures, ...times].map((text) => text.padStart(10)).join('');
}

const root = await fs.mkdtemp(join(tmpdir(), 'odradek-bench-'));
try {
  const plain = await plainLevel(root);
  const raft = await raftStore(root);
  const columns = ['batches/s', 'entries/s', 'p50 ms', 'p99 ms', 'p50 ratio'].map((name) => name.padStart(10)).join('');
  console.log(`${'entries a batch'.padEnd(34)}${columns}`);
  for (const size of batchSizes) {
    const plainMs: number[] = [];
    const raftMs: number[] = [];
    await latenciesMs(plain.append, size);
    await latenciesMs(raft.append, size);
    for (let round = 0; round < rounds; round += 1) {
      plainMs.push(...(await latenciesMs(plain.append, size)));
      raftMs.push(...(await latenciesMs(raft.append, size)));
    }
    const median = (values: number[]): number =>
      at(
        [...values].sort((a, b) => a - b),
        0.5,
      );
    console.log(`${`${size}, plain synced LevelDB batch`.padEnd(34)}${describe(plainMs, size)}`);
    const ratio = (median(raftMs) / median(plainMs)).toFixed(2).padStart(10);
    console.log(`${`${size}, raft store`.padEnd(34)}${describe(raftMs, size)}${ratio}`);
  }
  await plain.close();
  await raft.close();
} finally {
  await fs.rm(root, { recursive: true, force: true });
}
