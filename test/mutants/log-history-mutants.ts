/**
 * Planted bugs of partition logs that take a history to be seen: the catalogue's X53, X54 and X58, and LG07 and on. They
 * are hunted by random histories (`test/sim/partition-log`) and by the smallest ones that such histories have left.
 */
import type { Mutant } from './mutant.ts';

type Plan = Pick<Mutant, 'id' | 'bug' | 'file' | 'find' | 'replace' | 'breaks'>;

const writer = 'src/storage/log-writer.ts';
const opening = 'src/storage/log-opening.ts';
const log = 'src/storage/partition-log.ts';

const byHistories: readonly Plan[] = [
  {
    id: 'X53',
    bug: 'a flush that failed is tried again',
    file: writer,
    find: 'this.#fail(cause, lane);\n    } finally',
    replace: "if (lane === 'write') this.#fail(cause, lane);\n    } finally",
    breaks: /S1: nothing is lost that was reported|S7|S3/,
  },
  {
    id: 'X54',
    bug: 'a roll, and whatever else replaces a file, leaves the folder without a sync',
    file: 'src/storage/atomic-file.ts',
    find: '  await disk.syncFolder(folder);\n',
    replace: '',
    breaks: /S1|S3|S8|S13/,
  },
  {
    id: 'X58',
    bug: 'what a full disk took of a write counts as written',
    file: writer,
    find: "folder.use(active.base, 'log', (file) => file.write(position, gather.parts)),",
    replace: "folder.use(active.base, 'log', (file) => file.write(position, gather.parts).catch(() => {})),",
    breaks: /S1|S2|S3/,
  },
  {
    id: 'LG07',
    bug: 'the stamps of batches that leave a gap are not synced with them',
    file: writer,
    find: 'const stampMark = this.#stamps.syncMark();',
    replace: 'const stampMark = undefined as number | undefined;',
    breaks: /S1|S3/,
  },
  {
    id: 'LG08',
    bug: 'a truncation begins without saying so on the disk',
    file: log,
    find: `const begun = shape.checkpoint(0, generation, true);
    await folder.saveCheckpoint((sequence) => ({ ...begun, sequence }));`,
    replace: 'const begun = shape.checkpoint(0, generation, true);',
    breaks: /S1|S3|S8|S13/,
  },
  {
    id: 'LG09',
    bug: 'reads that are under way are not told of a truncation',
    file: log,
    find: 'this.#reader.truncatingTo(offset(Math.min(to, cut.end.offset)));',
    replace: '',
    breaks: /S2, S4|S13|damaged|S3/,
  },
  {
    id: 'LG10',
    bug: 'a truncation leaves the epochs that it has cut off',
    file: 'src/storage/log-shape.ts',
    find: 'this.epochs.truncateTo(end);',
    replace: '',
    breaks: /epoch|S13/,
  },
  {
    id: 'LG11',
    bug: 'a recovery point says more than was durable',
    file: writer,
    find: 'const point = { ...recoveryPointAt(active), position: this.#durablePosition, offset: progress.durable };',
    replace: 'const point = recoveryPointAt(active);',
    breaks: /S1|S3/,
  },
  {
    id: 'LG12',
    bug: 'a start does not sync its copy of the end of the log',
    file: 'src/storage/log-tail.ts',
    find: '    await copy.sync();\n',
    replace: '',
    breaks: /S1|S3/,
  },
  {
    id: 'LG13',
    bug: 'files of a log are let go before its start has moved on the disk',
    file: log,
    find: 'const dropped = this.#shape.moveLocalStart(start);\n    await this.#saveCheckpoint();',
    replace: 'const dropped = this.#shape.moveLocalStart(start);',
    breaks: /S3: no segment is missed|S13|S1/,
  },
  {
    id: 'LG14',
    bug: 'retention by size counts what it lets go as kept',
    file: 'src/storage/log-retention.ts',
    find: 'bytes - sizeBytes >= rule.bytesMax',
    replace: 'bytes >= rule.bytesMax',
    breaks: /retention lets go of what is old/,
  },
  {
    id: 'LG15',
    bug: 'a lookup by time begins behind the first batch that is as new',
    file: 'src/storage/sparse-index.ts',
    find: '(this.#timestampsBefore[at] ?? 0) < timestampMs',
    replace: '(this.#timestampsBefore[at] ?? 0) <= timestampMs',
    breaks: /a lookup passes nothing over/,
  },
  {
    id: 'LG16',
    bug: 'a log that is closed does not make all of it durable',
    file: log,
    find: `    await this.#writer.flushWithinBarrier();
    await saveIndex(this.#folder, active, active.end);`,
    replace: '    await saveIndex(this.#folder, active, active.end);',
    breaks: /all of a log is durable when it is closed|S1/,
  },
  {
    id: 'LG17',
    bug: 'the older one of two checkpoints counts',
    file: 'src/storage/log-checkpoint.ts',
    find: 'next.sequence > newest.sequence ? next : newest',
    replace: 'next.sequence < newest.sequence ? next : newest',
    breaks: /S1|S3|S8|S13/,
  },
  {
    id: 'LG18',
    bug: 'what a failed flush left unsure is served',
    file: writer,
    find: 'isWrite || ranOutOfSpace(cause) ? progress.written : progress.durable',
    replace: 'isWrite || ranOutOfSpace(cause) ? progress.written : progress.written',
    breaks: /S6/,
  },
  {
    id: 'LG19',
    bug: 'a start keeps the hints of what lies beyond its recovery point',
    file: opening,
    find: '    found.index.cutTo(active.position);\n',
    replace: '',
    breaks: /an index grows with its segment|S3/,
  },
];

interface SmallPlan extends Plan {
  readonly by: 'partition-log-found-by-seeds' | 'partition-log-damage';
}

const bySmallHistories: readonly SmallPlan[] = [
  {
    id: 'LG20',
    by: 'partition-log-found-by-seeds',
    bug: 'a roll that failed is not noticed',
    file: writer,
    find: `        // Within the barrier: a write that begins after it must know.
        this.#fail(cause);`,
    replace: '        void cause;',
    breaks: /after a roll that failed nothing more is written/,
  },
  {
    id: 'LG21',
    by: 'partition-log-found-by-seeds',
    bug: 'a mark of what is durable may outlive the stamps before it',
    file: writer,
    find: "    await folder.use(active.base, 'stamps', (file) => file.sync());\n",
    replace: '',
    breaks: /makes no damage of what was not durable/,
  },
  {
    id: 'LG22',
    by: 'partition-log-found-by-seeds',
    bug: 'the folder that a new log lies in is not synced',
    file: opening,
    find: '  await syncParents(folder);\n  const active',
    replace: '  const active',
    breaks: /a log is there after a power cut/,
  },
  {
    id: 'LG23',
    by: 'partition-log-found-by-seeds',
    bug: 'nobody hears that a file could not be synced before it was closed',
    file: 'src/storage/file-handles.ts',
    find: 'this.#lostSyncs.set(idle.path, new LostSyncError({ path: idle.path }, cause));',
    replace: 'void cause;',
    breaks: /what a file could not be synced for/,
  },
  {
    id: 'LG24',
    by: 'partition-log-found-by-seeds',
    bug: 'a lookup by time believes a batch without its checksum',
    file: 'src/storage/log-time-lookup.ts',
    find: "below, check: 'whole' }",
    replace: "below, check: 'stamps' }",
    breaks: /a time that was spoiled on the disk/,
  },
  {
    id: 'LG26',
    by: 'partition-log-found-by-seeds',
    bug: 'a start leaves what was kept of producers beyond the end that it finds',
    file: opening,
    find: '    await dropProducerStates(folder, { beyond: shape.active.end.offset });\n',
    replace: '',
    breaks: /what was kept of producers beyond the end of a log/,
  },
  {
    id: 'LG27',
    by: 'partition-log-found-by-seeds',
    bug: 'a start takes what looks cut for cut',
    file: 'src/storage/log-truncation.ts',
    find: '    await file.truncate(Math.min(end.position, await file.sizeBytes()));\n',
    replace: '    if ((await file.sizeBytes()) > end.position) await file.truncate(end.position);\n',
    breaks: /is not undone by the next power cut/,
  },
  {
    id: 'LG28',
    by: 'partition-log-found-by-seeds',
    bug: 'a read passes on where a segment ends before its time',
    file: 'src/storage/read-run.ts',
    find: 'if (options.isShort)',
    replace: 'if (options.isShort && options.bytesMax < 0)',
    breaks: /cut off right behind a batch/,
  },
  {
    id: 'LG25',
    by: 'partition-log-damage',
    bug: 'without a checkpoint all segments but the last are taken for left over',
    file: opening,
    find: 'checkpointOfNothing(first ?? options.startAt)',
    replace: 'checkpointOfNothing(content.bases.at(-1) ?? options.startAt)',
    breaks: /a log whose checkpoints are both spoiled is found again/,
  },
];

export const logHistoryMutants: readonly Mutant[] = [
  ...byHistories.map((plan) => ({ ...plan, tests: [], scenario: 'partition-log' })),
  ...bySmallHistories.map(({ by, ...plan }) => ({ ...plan, tests: [`test/storage/${by}.test.ts`] })),
];
