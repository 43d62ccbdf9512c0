/**
 * Opens a log after whatever happened to the process, the machine or the disk.
 *
 * What comes before the recovery point is taken as it was left; what comes after it is looked at byte by byte. The end
 * of it may be torn, but only beyond the point that is known to have been durable; everything else that is not whole is
 * damage (segment-scan.ts). When it resolves, all that the log holds is durable again, whatever the syncs of the last
 * process did (log-tail.ts).
 */
import { assert } from '../base/assert.ts';
import { EpochHistory } from '../base/epoch-history.ts';
import { offset, type Offset } from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { DiskError } from '../ports/disk.ts';
import type { DamagedRange } from './damaged-range.ts';
import { readIndex, saveIndex } from './index-files.ts';
import { logFormat, newerCheckpoint, checkpointNames, type LogCheckpoint } from './log-checkpoint.ts';
import type { LogFolder } from './log-folder.ts';
import {
  basesOfLog,
  checkpointOfNothing,
  sortNames,
  takeInventory,
  type FolderContent,
  type Inventory,
} from './log-inventory.ts';
import type { OpenProblem, OpenReport } from './log-problem.ts';
import { createSegment } from './log-roll.ts';
import type { LogSettings } from './log-settings.ts';
import { LogShape } from './log-shape.ts';
import { keepTail, leaveTail, saveSealed } from './log-tail.ts';
import { finishTruncation } from './log-truncation.ts';
import { dropProducerStates } from './producer-states.ts';
import { SegmentBuild } from './segment-build.ts';
import { scanSegment } from './segment-scan.ts';
import { ActiveSegment } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';
import { StampFile } from './stamp-file.ts';
import { StampTable, type SegmentPoint } from './stamp.ts';

export interface OpenedFiles {
  readonly shape: LogShape;
  readonly stamps: StampFile;
  readonly generation: number;
  readonly report: OpenReport;
}

export interface OpeningOptions {
  readonly folder: LogFolder;
  readonly settings: LogSettings;
  /** Where the log begins if there is none: 0, or where its leader's begins. */
  readonly startAt: Offset;
}

export async function openLogFiles(options: OpeningOptions): Promise<Result<OpenedFiles, OpenProblem>> {
  const { folder } = options;
  await folder.handles.forgetBelow(folder.path);
  const content = await listFolder(folder);
  if (content === undefined) return ok(await createLog(options));
  const readings = await folder.readCheckpoints();
  for (const reading of readings)
    if (reading.type === 'newer-format')
      return refused({ type: 'newer-format', found: reading.format, known: logFormat });
  const newest = newerCheckpoint(readings);
  const [first] = content.bases;
  if (newest === undefined && first === undefined) return ok(await createLog(options));
  // Names that the last process saw may not have been durable, and what is built on them would not be either.
  if (newest === undefined) await syncParents(folder);
  await folder.disk.syncFolder(folder.path);
  for (const name of content.partial) await folder.disk.removeFile(`${folder.path}/${name}`);
  const wholeCopies = readings.filter(({ type }) => type === 'whole').length;
  const checkpoint = newest ?? checkpointOfNothing(first ?? options.startAt);
  folder.goOnFrom(checkpoint.sequence);
  return ok(await new LogOpening(options, wholeCopies).run(checkpoint, content));
}

async function listFolder(folder: LogFolder): Promise<FolderContent | undefined> {
  try {
    return sortNames(await folder.disk.list(folder.path));
  } catch (cause) {
    if (cause instanceof DiskError && cause.problem === 'missing') return undefined;
    throw cause;
  }
}

async function createLog({ folder, settings, startAt }: OpeningOptions): Promise<OpenedFiles> {
  await folder.disk.makeFolder(folder.path);
  await syncParents(folder);
  const active = new ActiveSegment(startAt, new SparseIndex(settings.indexEveryBytes));
  await createSegment(folder, active);
  const start = { localStart: startAt, partitionStart: startAt, epochs: [], sealed: [], damaged: [] };
  const shape = new LogShape(start, active);
  await folder.saveCheckpoint((sequence) => shape.checkpoint(sequence, 0));
  const report = {
    wasCreated: true,
    scannedBytes: 0,
    dropped: undefined,
    damaged: [],
    rebuilt: [],
    lostStart: undefined,
  };
  return { shape, stamps: new StampFile(0, active.end), generation: 0, report };
}

/** Before there is a checkpoint: whoever finds one need not look at what the folder itself lies in. */
async function syncParents({ disk, path }: LogFolder): Promise<void> {
  const names = path.split('/');
  for (let depth = names.length - 1; depth >= 0; depth -= 1) await disk.syncFolder(names.slice(0, depth).join('/'));
}

/** One segment as it was found. */
interface ScannedSegment {
  readonly build: SegmentBuild;
  /** What lies beyond the durable point, as the segment that it becomes. */
  readonly tail: SegmentBuild;
  readonly durable: SegmentPoint;
  readonly end: SegmentPoint;
  readonly fileBytes: number;
}

class LogOpening {
  readonly #folder: LogFolder;
  readonly #settings: LogSettings;
  readonly #rebuilt: OpenReport['rebuilt'][number][] = [];
  readonly #damaged: DamagedRange[] = [];
  #epochs = new EpochHistory();
  #scannedBytes = 0;

  constructor({ folder, settings }: OpeningOptions, wholeCopies: number) {
    this.#folder = folder;
    this.#settings = settings;
    if (wholeCopies === 0) this.#rebuilt.push('checkpoint');
    else if (wholeCopies < checkpointNames.length) this.#rebuilt.push('checkpoint-copy');
  }

  async run(found: LogCheckpoint, content: FolderContent): Promise<OpenedFiles> {
    const folder = this.#folder;
    const checkpoint = found.isTruncating ? await finishTruncation(folder, found) : found;
    const inventory = takeInventory(checkpoint, basesOfLog(found, content.bases));
    this.#epochs = new EpochHistory(checkpoint.epochs);
    for (const base of inventory.leftOver) await folder.setAside(base);
    const scanned = await this.#scanAll(checkpoint, inventory);
    const last = scanned.at(-1);
    assert(last !== undefined, 'at least the active segment is looked at');
    return this.#finish({ checkpoint, inventory, scanned, last });
  }

  async #finish({ checkpoint, inventory, scanned, last }: Findings): Promise<OpenedFiles> {
    const folder = this.#folder;
    const { active } = checkpoint;
    const isUntouched =
      scanned.length === 1 && last.fileBytes === active.position && last.end.position === active.position;
    const kept = isUntouched
      ? await leaveTail(folder, last)
      : await keepTail({ folder, settings: this.#settings, ...last });
    for (const { build } of scanned.slice(0, -1)) await saveSealed(folder, build);
    const sealed = [
      ...inventory.sealed,
      ...scanned.slice(0, -1).map(({ build }) => build.active.facts),
      ...kept.sealed,
    ];
    const start = {
      localStart: offset(Math.max(checkpoint.localStart, inventory.startsAt ?? 0)),
      partitionStart: checkpoint.partitionStart,
      epochs: this.#epochs.starts,
      sealed,
      damaged: [],
    };
    const shape = new LogShape(start, kept.active);
    for (const range of [...checkpoint.damaged, ...inventory.lost, ...this.#damaged]) shape.addDamage(range);
    const isClean = isUntouched && inventory.startsAt === undefined && this.#rebuilt.length === 0;
    if (!isClean) {
      await saveIndex(folder, kept.active, kept.active.end);
      await folder.saveCheckpoint((sequence) => shape.checkpoint(sequence, checkpoint.generation));
    }
    await dropProducerStates(folder, { beyond: shape.active.end.offset });
    const { generation } = checkpoint;
    const report = this.#report(checkpoint, inventory, { damaged: shape.damaged, dropped: kept.dropped });
    return { shape, stamps: new StampFile(kept.stampBytes, shape.active.end), generation, report };
  }

  async #scanAll(checkpoint: LogCheckpoint, { toScan }: Inventory): Promise<readonly ScannedSegment[]> {
    const scanned: ScannedSegment[] = [];
    for (const [at, base] of toScan.entries()) scanned.push(await this.#scanOne(checkpoint, base, toScan[at + 1]));
    return scanned;
  }

  async #scanOne(checkpoint: LogCheckpoint, base: Offset, next: Offset | undefined): Promise<ScannedSegment> {
    const folder = this.#folder;
    const fileBytes = await folder.useOrCreate(base, 'log', (file) => file.sizeBytes());
    const stampBytes = await folder.useOrCreate(base, 'stamps', async (file) => file.read(0, await file.sizeBytes()));
    const isActive = base === checkpoint.active.base;
    const known: SegmentPoint = isActive ? checkpoint.active : { position: 0, offset: base };
    const durable = durableIn({ known, next, fileBytes, stamps: new StampTable(stampBytes) });
    const restored = isActive && fileBytes >= known.position ? await this.#restoreActive(checkpoint) : undefined;
    const active = restored ?? new ActiveSegment(base, this.#newIndex());
    const from = active.end;
    const keptStamps = stampBytes.subarray(0, new StampTable(stampBytes).bytesBefore(from.position));
    const build = new SegmentBuild(active, { shift: 0, keptStamps });
    const tail = new SegmentBuild(new ActiveSegment(durable.offset, this.#newIndex()), {
      shift: durable.position,
      keptStamps: new Uint8Array(0),
    });
    const onDamage = (range: DamagedRange): void => {
      this.#damaged.push(range);
      const survivors = new StampTable(stampBytes).between(range.position, range.endPosition);
      build.skip({ position: range.endPosition, offset: range.to }, survivors);
    };
    const found = await folder.use(base, 'log', (file) =>
      scanSegment({
        segment: base,
        file,
        sizeBytes: fileBytes,
        from: { ...from, epoch: this.#epochs.epochBefore(from.offset) },
        until: next,
        durable,
        stamps: new StampTable(stampBytes),
        knownEpochAt: (at) => (at < known.offset ? this.#epochs.epochAt(at) : undefined),
        trustsFirstEpoch: checkpoint.sequence === 0,
        onBatch: (batch) => {
          (next === undefined && batch.position >= durable.position ? tail : build).add(batch);
          if (batch.baseOffset >= known.offset) this.#epochs.append(batch.leaderEpoch, batch.baseOffset);
        },
        onDamage,
      }),
    );
    this.#scannedBytes += found.position - from.position;
    if (next === undefined || found.offset >= next) return { build, tail, durable, end: found, fileBytes };
    // The next segment was begun where this one ended, so bytes are missing; nobody knows how many.
    const missing = {
      segment: base,
      position: found.position,
      endPosition: found.position + 1,
      from: found.offset,
      to: next,
    };
    onDamage(missing);
    return { build, tail, durable, end: build.active.end, fileBytes };
  }

  /** As it was at the recovery point, if its index can be read; else it is looked at from its beginning. */
  async #restoreActive({ active }: LogCheckpoint): Promise<ActiveSegment | undefined> {
    if (active.position === 0) return undefined;
    const found = await readIndex(this.#folder, active.base);
    if (found === undefined || found.cover.bytes < active.position) {
      this.#rebuilt.push('index');
      return undefined;
    }
    found.index.cutTo(active.position);
    return ActiveSegment.restore(active.base, found.index, active);
  }

  #newIndex(): SparseIndex {
    return new SparseIndex(this.#settings.indexEveryBytes);
  }

  #report(
    checkpoint: LogCheckpoint,
    inventory: Inventory,
    { damaged, dropped }: Pick<OpenReport, 'damaged' | 'dropped'>,
  ): OpenReport {
    const { startsAt } = inventory;
    return {
      wasCreated: false,
      scannedBytes: this.#scannedBytes,
      dropped,
      damaged,
      rebuilt: this.#rebuilt,
      lostStart: startsAt === undefined ? undefined : { from: checkpoint.localStart, to: startsAt },
    };
  }
}

interface Findings {
  readonly checkpoint: LogCheckpoint;
  readonly inventory: Inventory;
  readonly scanned: readonly ScannedSegment[];
  readonly last: ScannedSegment;
}

/** A segment with a successor was made durable as a whole before that one was begun. */
export function durableIn({
  known,
  next,
  fileBytes,
  stamps,
}: {
  known: SegmentPoint;
  next: Offset | undefined;
  fileBytes: number;
  stamps: StampTable;
}): SegmentPoint {
  const said = stamps.durable(known);
  return next === undefined ? said : { position: Math.max(fileBytes, said.position), offset: next };
}
