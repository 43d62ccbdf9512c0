/**
 * Real voters, real disks, kill -9 and SIGSTOP. Fails with status 1 when a promise was broken.
 *
 *   make chaos [SEED=n] [WRITES=500] [SECONDS=66] [FAULTS=22]   faults on random voters while writes go on
 *   make chaos KIND=topics [SEED=n] [SECONDS=66] [FAULTS=22]    the same while clients create, change and delete topics
 *   make chaos KIND=records [SEED=n] [SECONDS=120] [FAULTS=22]  producers and consumers on brokers under the same faults
 *   make chaos KIND=rot [SEED=n] [SECONDS=60] [FAULTS=10]       bits flip on the disks of brokers, and have to be put back
 *   make chaos KIND=quiet [SEED=n] [MINUTES=10]                 records at full load, and brokers that stand still for half
 *                                                              a second: nobody may be fenced or elected
 *   make chaos KIND=grow                                        3 -> 5 -> 3 voters while writes go on
 *   make chaos KIND=calm [MINUTES=10]                           full load and short pauses: nobody may elect
 */
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { runCalm } from './calm.ts';
import { runFaultStorm, type StormOptions } from './fault-storm.ts';
import { runGrowAndShrink } from './grow-and-shrink.ts';
import { runRecordQuiet } from './record-quiet.ts';
import { runRecordRot } from './record-rot.ts';
import { runRecordStorm } from './record-storm.ts';
import { runTopicStorm } from './topic-storm.ts';

/** Beyond what was asked for, for starts, restarts and the audit. */
const spareMs = 180_000;
const pausesPerMinute = 6;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const kinds: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  storm,
  topics,
  records,
  rot,
  quiet,
  grow,
  calm,
};

const kind = process.env['KIND'] || 'storm';
const run = kinds[kind];
if (run === undefined) {
  say(`there is no KIND=${kind}; there are: ${Object.keys(kinds).join(', ')}`);
  process.exit(2);
}
const problems = await run();
for (const problem of problems.slice(0, 20)) say(`BROKEN: ${problem}`);
say(problems.length === 0 ? 'All promises were kept.' : `${problems.length} promises were broken.`);
process.exit(problems.length === 0 ? 0 : 1);

function storm(): Promise<readonly string[]> {
  const seed = numberFrom('SEED', Date.now() % 1_000_000);
  const durationMs = 1000 * numberFrom('SECONDS', 66);
  const [writesMin, faults] = [numberFrom('WRITES', 500), numberFrom('FAULTS', 22)];
  say(`seed ${seed}: at least ${writesMin} writes over ${durationMs / 1000} s, ${faults} faults`);
  endAfter(durationMs + spareMs);
  return runFaultStorm({ random: new SimulatedRandom(seed), writesMin, durationMs, faults, say });
}

function topics(): Promise<readonly string[]> {
  return underFaults('topics', 66, runTopicStorm);
}

function records(): Promise<readonly string[]> {
  return underFaults('records', 120, runRecordStorm);
}

function rot(): Promise<readonly string[]> {
  return underFaults('records on disks that lose bits', 60, runRecordRot, 10);
}

function quiet(): Promise<readonly string[]> {
  const minutes = numberFrom('MINUTES', 10);
  const seed = numberFrom('SEED', Date.now() % 1_000_000);
  say(`seed ${seed}: records at full load and pauses of brokers for ${minutes} minutes`);
  endAfter(minutes * 60_000 + spareMs);
  const random = new SimulatedRandom(seed);
  return runRecordQuiet({ random, durationMs: minutes * 60_000, faults: minutes * pausesPerMinute, say });
}

function underFaults(
  what: string,
  secondsDefault: number,
  run: (options: StormOptions) => Promise<readonly string[]>,
  faultsDefault = 22,
): Promise<readonly string[]> {
  const seed = numberFrom('SEED', Date.now() % 1_000_000);
  const durationMs = 1000 * numberFrom('SECONDS', secondsDefault);
  const faults = numberFrom('FAULTS', faultsDefault);
  say(`seed ${seed}: ${what} for ${durationMs / 1000} s, ${faults} faults`);
  endAfter(durationMs + spareMs);
  return run({ random: new SimulatedRandom(seed), durationMs, faults, say });
}

function grow(): Promise<readonly string[]> {
  endAfter(spareMs);
  return runGrowAndShrink(say);
}

function calm(): Promise<readonly string[]> {
  const seed = numberFrom('SEED', Date.now() % 1_000_000);
  const minutes = numberFrom('MINUTES', 10);
  say(`seed ${seed}: full write load and pauses for ${minutes} minutes`);
  endAfter(minutes * 60_000 + spareMs);
  return runCalm({ random: new SimulatedRandom(seed), durationMs: minutes * 60_000, say });
}

function numberFrom(name: string, byDefault: number): number {
  const written = process.env[name];
  const value = written === undefined || written === '' ? byDefault : Number(written);
  if (Number.isFinite(value) && value > 0) return value;
  say(`${name} is ${written}, which is no number above 0`);
  process.exit(2);
}

/** A hanging run is a failed one. */
function endAfter(boundMs: number): void {
  setTimeout(() => {
    say(`BROKEN: the run did not end within ${boundMs} ms`);
    process.exit(1);
  }, boundMs).unref();
}
