/**
 * `make chaos KIND=quiet`: nobody dies. Producers and consumers at full load on three brokers beside three voters, while
 * random brokers stand still for half a second; no broker may be fenced for that, no voter elected, no partition led
 * by another.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '../../src/base/assert.ts';
import type { OneFault, StormOptions } from './fault-storm.ts';
import type { LocalQuorum } from './local-quorum.ts';
import { runRecordsUnder } from './record-storm.ts';

const pauseMs = 500;

/** What is said of what must not happen; a cluster that begins says each of them, and goes on to say no more of it. */
const signs = ['fences a broker', 'asks for votes', 'leads the quorum', 'leads a partition'] as const;

export function runRecordQuiet(options: StormOptions): Promise<readonly string[]> {
  let before: readonly number[] | undefined;
  const pauseOne = async (fault: OneFault, problems: string[]): Promise<number> => {
    const { quorum, random, timeline } = fault;
    before ??= signsOf(quorum);
    const victim = quorum.brokers[random.integerBelow(quorum.brokers.length)]?.process;
    assert(victim !== undefined, 'there are brokers');
    const writable = fault.untilWritable();
    victim.pause();
    const atMs = timeline.nowMs;
    await delay(pauseMs);
    victim.resume();
    const lastedMs = timeline.nowMs - atMs;
    const tookMs = await writable;
    const now = signsOf(quorum);
    for (const [at, sign] of signs.entries()) {
      const more = (now[at] ?? 0) - (before[at] ?? 0);
      if (more > 0)
        problems.push(
          `"${sign}" ${more} times after broker ${victim.voterId} stood still for ${lastedMs.toFixed(0)} ms`,
        );
    }
    before = now;
    if (fault.fault % 10 === 0)
      timeline.say(`${fault.fault} pauses; the last, of broker ${victim.voterId}, lasted ${lastedMs.toFixed(0)} ms`);
    return tookMs;
  };
  return runRecordsUnder(pauseOne, options, { roles: 'quorum', brokersAlone: 3 });
}

function signsOf(quorum: LocalQuorum): readonly number[] {
  return signs.map((sign) => quorum.members.reduce((sum, { process: each }) => sum + each.countSaid(sign), 0));
}
