/**
 * Flips every bit of a small real raft store, one at a time, and starts a voter's store from it twice.
 *
 *   make sweep [STRIDE=n] [ONLY=text]      every n-th bit of the files whose path contains the text; else all
 *
 * Prints a table by file and ends with status 1 when any start came up with another state, or without a message.
 */
import { sweepBitFlips, sweepTable } from './bit-flip-sweep.ts';

const stride = Number(process.env['STRIDE'] ?? 1);
const only = process.env['ONLY'] ?? '';
const startedAt = Date.now();
const result = await sweepBitFlips({
  stride,
  only,
  workers: 2,
  onProgress(soFar) {
    if (soFar.done % 5000 !== 0) return;
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    process.stderr.write(`${sweepTable(soFar)}\n${seconds} s\n\n`);
  },
});
process.stdout.write(`${sweepTable(result)}\n`);
for (const { flip, outcome, message } of result.wrong)
  process.stdout.write(`${outcome}: bit ${flip.bit} of ${flip.path}: ${message}\n`);
process.exitCode = result.wrong.length === 0 ? 0 : 1;
