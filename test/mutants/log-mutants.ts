/**
 * Planted bugs of partition logs: the catalogue's X bugs that live there, and more under LG. What each breaks is the
 * name of a test, or a part of one.
 */
import type { Mutant } from './mutant.ts';

const powerCut = /no power cut and no crash loses what was reported/;
const flippedBit = /no flipped bit of a log that was/;

interface Plan extends Pick<Mutant, 'id' | 'bug' | 'file' | 'find' | 'replace' | 'breaks'> {
  /** The file in test/storage that is to kill it, without its ending. */
  readonly by: 'log-mending' | 'partition-log' | 'partition-log-damage' | 'partition-log-power-cuts' | 'verify-log';
}

const plans: readonly Plan[] = [
  {
    id: 'X52',
    by: 'partition-log-damage',
    bug: 'a scan takes the first batch that is not whole for the end of the log, wherever it is',
    file: 'src/storage/log-opening.ts',
    find: 'const said = stamps.durable(known);',
    replace: 'const said = known;',
    breaks: flippedBit,
  },
  {
    id: 'X55',
    by: 'partition-log-damage',
    bug: 'a log whose checkpoint cannot be read is taken for a new one',
    file: 'src/storage/log-opening.ts',
    find: 'if (newest === undefined && first === undefined) return',
    replace: 'if (newest === undefined) return',
    breaks: /a log whose checkpoints are both spoiled is found again/,
  },
  {
    id: 'LG01',
    by: 'partition-log-power-cuts',
    bug: 'a flush covers what is written while it is under way',
    file: 'src/storage/log-writer.ts',
    find: 'this.#noteFlushed(generation, covered.offset);',
    replace: 'this.#noteFlushed(generation, progress.written);',
    breaks: powerCut,
  },
  {
    id: 'LG02',
    by: 'partition-log-power-cuts',
    bug: 'what a truncation cuts off may come back after a power cut',
    file: 'src/storage/log-truncation.ts',
    find: 'await file.truncate(Math.min(end.position, await file.sizeBytes()));\n    await file.sync();',
    replace: 'await file.truncate(Math.min(end.position, await file.sizeBytes()));',
    breaks: /what a truncation has cut off does not come back/,
  },
  {
    id: 'LG03',
    by: 'partition-log-power-cuts',
    bug: 'a flush does not sync the batches',
    file: 'src/storage/log-writer.ts',
    find: "      folder.use(active.base, 'log', (file) => file.sync()),\n",
    replace: '',
    breaks: powerCut,
  },
  {
    id: 'LG04',
    by: 'partition-log-power-cuts',
    bug: 'a start calls the copy of the end of a log durable before the copy has its name',
    file: 'src/storage/log-tail.ts',
    find: 'await saveSideFiles(folder, tail, tail.takeStamps());',
    replace: 'await saveSideFiles(folder, tail, tail.finishStamps());',
    breaks: /a power cut while a start keeps the end of a log/,
  },
  {
    id: 'LG05',
    by: 'partition-log-power-cuts',
    bug: 'a start leaves the stamp of a batch that never came',
    file: 'src/storage/log-tail.ts',
    find: 'if (sizeBytes % stampBytes === 0 && table.from(build.active.sizeBytes) === undefined) return sizeBytes;',
    replace: 'if (sizeBytes % stampBytes === 0) return sizeBytes;',
    breaks: /the stamp of a batch that never came/,
  },
  {
    id: 'LG06',
    by: 'partition-log-damage',
    bug: 'a read passes over a batch without looking whether it ends where it says',
    file: 'src/storage/read-run.ts',
    find: '} else if (!judged.header.checksumMatches()) {',
    replace: '} else if (judged.header.sizeBytes < 0) {',
    breaks: /a spoiled last offset hides no record/,
  },
  {
    id: 'LG-verify-start',
    by: 'verify-log',
    bug: 'a log whose first segments are gone is called whole',
    file: 'src/storage/verify-log.ts',
    find: "this.#add({ type: 'missing-records', isDamage: true, file, range, what: 'the first segments are gone' });",
    replace: 'void [file, range];',
    breaks: /a log whose first segments are gone is not whole/,
  },
  {
    id: 'LG-verify-race',
    by: 'verify-log',
    bug: 'what a running broker lets go of meanwhile is called missing',
    file: 'src/storage/verify-log.ts',
    find: 'return now?.sequence !== newerCheckpoint(before)?.sequence;',
    replace: 'return now === undefined;',
    breaks: /a segment that a running broker lets go of meanwhile is not missed/,
  },
  {
    id: 'LG-verify-epochs',
    by: 'verify-log',
    bug: 'nobody holds the history of epochs against the batches',
    file: 'src/storage/verify-log.ts',
    find: 'if (this.#checkpoint.sequence === 0 || this.#epochs.epochAt(baseOffset) === leaderEpoch) return;',
    replace: 'if (leaderEpoch >= 0) return;',
    breaks: /a history of epochs that contradicts a whole batch is damage/,
  },
  {
    id: 'ST28',
    by: 'log-mending',
    bug: 'a range is mended with the batches of another leadership',
    file: 'src/storage/range-mend.ts',
    find: "if (isLater) return { type: 'other-epoch', baseOffset, leaderEpoch };",
    replace: 'if (isLater && leaderEpoch < 0) return undefined;',
    breaks: /not mended with batches of another leadership/,
  },
  {
    id: 'ST29',
    by: 'log-mending',
    bug: 'a range counts as whole before anybody has looked at it',
    file: 'src/storage/log-mender.ts',
    find: 'const mend = new RangeMend(range, shape.epochs, isAtEnd);',
    replace:
      'const mend = new RangeMend(range, shape.epochs, isAtEnd);\n    shape.replaceSealed(shape.sealed[0] as SegmentFacts, []);',
    breaks: /S14/,
  },
  {
    id: 'ST30',
    by: 'log-mending',
    bug: 'bytes are put back behind a cut that was made meanwhile',
    file: 'src/storage/log-mender.ts',
    find: "if (!shape.damaged.includes(range)) return { type: 'changed' };\n      if (ownedBytes === undefined)",
    replace: 'if (ownedBytes === undefined)',
    breaks: /cut meanwhile/,
  },
  {
    id: 'ST31',
    by: 'log-mending',
    bug: 'the stamps of mended batches are not made again',
    file: 'src/storage/log-mender.ts',
    find: 'await this.#replaceStamps(mend, segment);',
    replace: 'if (mend.isFull && segment.sizeBytes < 0) await this.#replaceStamps(mend, segment);',
    breaks: /S14/,
  },
];

export const logMutants: readonly Mutant[] = plans.map(({ by, ...plan }) => ({
  ...plan,
  tests: [`test/storage/${by}.test.ts`],
}));
