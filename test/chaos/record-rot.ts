/**
 * `make chaos KIND=rot`: bits flip in the logs of one broker after another while producers and consumers go on. Each time
 * the broker has to notice, and to put back what it lost from the others, before the next loses any; in the end all is
 * read and judged, and the logs are compared byte by byte, as after a storm.
 */
import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '../../src/base/assert.ts';
import type { Random } from '../../src/ports/random.ts';
import type { OneFault, StormOptions } from './fault-storm.ts';
import { runRecordsUnder } from './record-storm.ts';

const noticedMsMax = 30_000;
const lookMs = 100;
const bitsMax = 4;
const mended = 'put back a damaged part of a log with what another replica has';

export function runRecordRot(options: StormOptions): Promise<readonly string[]> {
  const settings = ['broker.scrub_rate=64MiB', 'broker.scrub_interval=1s'];
  return runRecordsUnder(rotOnce, options, { roles: 'quorum,broker', settings });
}

async function rotOnce(
  { fault, quorum, untilWritable, random, timeline }: OneFault,
  problems: string[],
): Promise<number> {
  const victim = quorum.brokers[random.integerBelow(quorum.brokers.length)]?.process;
  assert(victim !== undefined, 'there are brokers');
  const before = victim.countSaid(mended);
  const writable = untilWritable();
  const atMs = timeline.nowMs;
  const bits = 1 + random.integerBelow(bitsMax);
  const file = flipBits(join(quorum.folder, String(victim.voterId), 'broker/partitions'), bits, random);
  const tookMs = await writable;
  while (victim.countSaid(mended) === before && timeline.nowMs - atMs < noticedMsMax) await delay(lookMs);
  const mendedMs = timeline.nowMs - atMs;
  if (mendedMs >= noticedMsMax) problems.push(`bits that flipped in ${file} were not put back in ${noticedMsMax} ms`);
  timeline.sayAt(
    atMs,
    `fault ${String(fault).padStart(2)}: ${bits} bits of broker ${victim.voterId} flipped in ${file}; ` +
      `put back after ${mendedMs.toFixed(0)} ms, writable after ${tookMs.toFixed(0)} ms`,
  );
  return tookMs;
}

/** In one log, within its oldest half: what was just written may not be in the file yet. */
function flipBits(folder: string, bits: number, random: Random): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.log'));
  const filled = files.filter((name) => statSync(join(folder, name)).size > 0);
  const file = filled[random.integerBelow(filled.length)];
  assert(file !== undefined, 'a broker under load has logs');
  const handle = openSync(join(folder, file), 'r+');
  const size = statSync(join(folder, file)).size;
  for (let bit = 0; bit < bits; bit += 1) {
    const position = random.integerBelow(Math.ceil(size / 2));
    const byte = new Uint8Array(1);
    readSync(handle, byte, 0, 1, position);
    writeSync(handle, Uint8Array.of((byte[0] ?? 0) ^ (1 << random.integerBelow(8))), 0, 1, position);
  }
  closeSync(handle);
  return file;
}
