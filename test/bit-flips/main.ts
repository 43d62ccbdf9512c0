/**
 * Flips every bit of a small real raft store, one at a time, and starts a voter's store from it twice.
 *
 *   make sweep [STRIDE=n]      every n-th bit; every bit when not given
 *
 * Prints a table by file and ends with status 1 when any start came up with another state, or without a message.
 */
import { sweepBitFlips, sweepTable } from './bit-flip-sweep.ts';

const stride = Number(process.env['STRIDE'] ?? 1);
const startedAt = Date.now();
const result = await sweepBitFlips({
  stride,
  workers: 2,
  onProgress(done, total) {
    if (done % 2000 === 0)
      process.stderr.write(`${done} of ${total}, ${Math.round((Date.now() - startedAt) / 1000)} s\n`);
  },
});
process.stdout.write(`${sweepTable(result)}\n`);
for (const { flip, outcome, message } of result.wrong)
  process.stdout.write(`${outcome}: bit ${flip.bit} of ${flip.path}: ${message}\n`);
process.exitCode = result.wrong.length === 0 ? 0 : 1;
