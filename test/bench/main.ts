/**
 * What `make bench` runs: every bench program of this folder, one after the other, each in a process of its own so
 * that none warms or crowds another.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const programs = [
  { file: 'boot.ts', about: 'boot' },
  { file: 'stream-throughput.ts', about: 'streams over gRPC' },
  { file: 'replica-stream.ts', about: 'replica stream' },
  { file: 'quorum-writes.ts', about: 'quorum writes' },
  { file: 'driver.ts', about: 'driver' },
  { file: 'many-topics.ts', about: 'many topics' },
  { file: 'raft-store.ts', about: 'raft store' },
  { file: 'flush-strategies.ts', about: 'flush strategies' },
  { file: 'records.ts', about: 'records' },
  { file: 'partition-log.ts', about: 'partition log' },
  { file: 'partition-door.ts', about: 'partition door' },
  { file: 'records-through.ts', about: 'records through brokers' },
  { file: 'catch-up.ts', about: 'a broker that comes back' },
];

const wanted = process.argv.slice(2);
let failed = 0;
for (const { file, about } of programs) {
  if (wanted.length > 0 && !wanted.includes(about)) continue;
  console.log(`\n== ${about} (test/bench/${file})`);
  const path = fileURLToPath(new URL(file, import.meta.url));
  const ran = spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', path], { stdio: 'inherit' });
  if (ran.status !== 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;
