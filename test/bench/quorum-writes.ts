/**
 * Committed writes of three voters, each a process with its own disk folder, against one process that writes one entry
 * per synced LevelDB batch: how many a second, and how long each takes, turn by turn in the same run.
 *
 * Goals: above twice the plain writes at 64 in flight (group commit beats the round trips), and a median below 3 ms at
 * 1 in flight. The client is a process beside the voters and shares their cores.
 *
 * Run: node --import tsx test/bench/quorum-writes.ts
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelKeyValueStores } from '../../src/adapters/level-key-value-stores.ts';
import { uniqueIdFromBytes, type ClusterId } from '../../src/base/ids.ts';
import { factCommandCodec } from '../../src/wire/fact-codec.ts';
import { LocalQuorum } from '../chaos/local-quorum.ts';
import type { VoterCalls } from '../chaos/voter-calls.ts';

const valueBytes = 200;
const inFlightCounts = [1, 16, 64];
const rounds = 3;
const roundMs = 1200;
const warmUpMs = 800;
const deadlineMs = 10_000;

const ratioGoal = 2;
const medianMsGoal = 3;

type Write = () => Promise<void>;

interface Measured {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

async function measure(write: Write, inFlight: number, lastsMs: number): Promise<Measured> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const worker = async (): Promise<void> => {
    while (performance.now() - startMs < lastsMs) {
      const beforeMs = performance.now();
      await write();
      latenciesMs.push(performance.now() - beforeMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { perSecond: latenciesMs.length / ((performance.now() - startMs) / 1000), latenciesMs };
}

function command(): Uint8Array {
  const requestId = uniqueIdFromBytes(randomBytes(16));
  return factCommandCodec.encode({ type: 'set-fact', requestId, name: 'bench', value: 'v'.repeat(valueBytes) });
}

/** To the leader, as a voter that forwards would; anything but a committed write ends the bench. */
function quorumWrite(leader: VoterCalls, clusterId: ClusterId): Write {
  return async () => {
    const answer = await leader.ask(clusterId, { type: 'propose', command: command() }, deadlineMs);
    if (!answer.ok) throw new Error(answer.problem.message);
    if (answer.value.type !== 'done') throw new Error(`a write ended ${JSON.stringify(answer.value)}`);
  };
}

async function plainLevel(folder: string): Promise<{ write: Write; close(): Promise<void> }> {
  const store = await new LevelKeyValueStores(folder).open('plain');
  let next = 1;
  return {
    write: () =>
      store.batch([{ type: 'put', key: `e/${String(next++).padStart(16, '0')}`, value: command() }], { sync: true }),
    close: () => store.close(),
  };
}

function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}

function row(name: string, measured: readonly Measured[], plainPerSecond: number): string {
  const perSecond = at(
    measured.map((each) => each.perSecond),
    0.5,
  );
  const latencies = measured.flatMap(({ latenciesMs }) => latenciesMs);
  const figures = [
    perSecond.toFixed(0),
    at(latencies, 0.5).toFixed(2),
    at(latencies, 0.99).toFixed(2),
    (perSecond / plainPerSecond).toFixed(2),
  ];
  return name.padEnd(44) + figures.map((figure) => figure.padStart(11)).join('');
}

const folder = mkdtempSync(join(tmpdir(), 'odradek-bench-'));
const quorum = await LocalQuorum.start(3);
try {
  const plain = await plainLevel(folder);
  const [first] = await quorum.untilLed();
  if (first?.leaderId === undefined || first.clusterId === undefined) throw new Error('a led quorum has a leader');
  const write = quorumWrite(quorum.member(first.leaderId).calls, first.clusterId);
  await measure(plain.write, 1, warmUpMs / 2);
  for (const inFlight of inFlightCounts) await measure(write, inFlight, warmUpMs);

  const plainRounds: Measured[] = [];
  const quorumRounds = new Map<number, Measured[]>(inFlightCounts.map((inFlight) => [inFlight, []]));
  for (let round = 0; round < rounds; round += 1) {
    plainRounds.push(await measure(plain.write, 1, roundMs));
    for (const [inFlight, measured] of quorumRounds) measured.push(await measure(write, inFlight, roundMs));
  }
  await plain.close();

  const plainPerSecond = at(
    plainRounds.map(({ perSecond }) => perSecond),
    0.5,
  );
  console.log(
    `median of ${rounds} rounds`.padEnd(44) +
      ['writes/s', 'p50 ms', 'p99 ms', 'ratio'].map((name) => name.padStart(11)).join(''),
  );
  console.log(row('one process, one entry per synced batch', plainRounds, plainPerSecond));
  for (const [inFlight, measured] of quorumRounds)
    console.log(row(`three voters, ${inFlight} in flight`, measured, plainPerSecond));
  console.log(`goals: ratio above ${ratioGoal} at 64 in flight; p50 below ${medianMsGoal} ms at 1 in flight`);
} finally {
  await quorum.end({ keepData: false });
  rmSync(folder, { recursive: true, force: true });
}
// The exit hooks of the quorum keep nothing alive; channels that idle would, for a while.
process.exit(0);
