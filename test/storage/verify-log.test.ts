/** Looking at all bytes of a log, where there is more to it than what a start would find. */
import { expect, test } from 'vitest';
import { offset } from '../../src/base/offsets.ts';
import {
  checkpointNames,
  decodeCheckpoint,
  encodeCheckpoint,
  type LogCheckpoint,
} from '../../src/storage/log-checkpoint.ts';
import type { VerifiedLog } from '../../src/storage/verify-log.ts';
import { damagedFolder, makeDamageTemplate, verifyDamaged } from '../log-damage/damaged-log.ts';
import { MemoryDisk, type Files } from '../log-damage/memory-disk.ts';

async function verify(files: Files): Promise<VerifiedLog> {
  const verified = await verifyDamaged(new MemoryDisk(files));
  if (!verified.ok) throw new Error(`not verified: ${verified.problem.type}`);
  return verified.value;
}

function namesOf(files: Files, ending: string): readonly string[] {
  return [...files.keys()].filter((path) => path.endsWith(ending)).sort();
}

function without(files: Files, ...paths: readonly (string | undefined)[]): Files {
  return new Map([...files].filter(([path]) => !paths.includes(path)));
}

function checkpointOf(files: Files): LogCheckpoint {
  const reading = decodeCheckpoint(files.get(`${damagedFolder}/${checkpointNames[0]}`) ?? new Uint8Array(0));
  if (reading.type !== 'whole') throw new Error('the checkpoint is whole');
  return reading.checkpoint;
}

function withCheckpoint(files: Files, checkpoint: LogCheckpoint): Files {
  const changed = new Map(files);
  for (const name of checkpointNames) changed.set(`${damagedFolder}/${name}`, encodeCheckpoint(checkpoint));
  return changed;
}

test('a log whose first segments are gone is not whole', async () => {
  const { files } = await makeDamageTemplate('closed');
  const [first] = namesOf(files, '.log');
  const { start, findings } = await verify(without(files, first));
  expect(start).toBeGreaterThan(0);
  expect(findings).toEqual([
    expect.objectContaining({ type: 'missing-records', isDamage: true, range: { from: offset(0), to: start } }),
  ]);
});

test('a truncation that was interrupted is a remark, and what it cuts off is no part of the log', async () => {
  const { files } = await makeDamageTemplate('closed');
  const { sealed, ...rest } = checkpointOf(files);
  const [first, cut] = sealed;
  if (first === undefined || cut === undefined) throw new Error('two segments are sealed');
  const active = { ...rest.active, base: cut.base, position: 0, offset: cut.base };
  const epochs = rest.epochs.filter(({ start }) => start < cut.base);
  const begun = withCheckpoint(files, { ...rest, epochs, active, sealed: [first], isTruncating: true });
  // The segment that is cut is cut already, and those after it are still there.
  const { end, findings } = await verify(new Map(begun).set(namesOf(files, '.log')[1] ?? '', new Uint8Array(0)));
  expect(end).toBe(cut.base);
  expect(findings.filter(({ isDamage }) => isDamage)).toEqual([]);
  expect(findings).toContainEqual(expect.objectContaining({ type: 'unfinished-truncation' }));
});

test('stamps that are gone are a remark, in a sealed segment and in the one that records are added to', async () => {
  const { files } = await makeDamageTemplate('closed');
  for (const stamps of namesOf(files, '.stamps')) {
    const { length } = files.get(stamps) ?? [];
    const { findings } = await verify(new Map(files).set(stamps, new Uint8Array(length)));
    expect(findings.map(({ type, file }) => `${type} ${file}`)).toContain(
      `unreadable-hint ${stamps.slice(damagedFolder.length + 1)}`,
    );
    const cut = await verify(new Map(files).set(stamps, (files.get(stamps) ?? new Uint8Array(0)).slice(0, 32)));
    expect(cut.findings.length).toBeGreaterThan(0);
  }
});

test('an index that is another segment’s is a remark', async () => {
  const { files } = await makeDamageTemplate('closed');
  const [[index = '', otherIndex = ''], [time = '', otherTime = '']] = [
    namesOf(files, '.index'),
    namesOf(files, '.timeindex'),
  ];
  const swapped = new Map(files)
    .set(index, files.get(otherIndex) ?? new Uint8Array(0))
    .set(time, files.get(otherTime) ?? new Uint8Array(0));
  const { findings } = await verify(swapped);
  expect(findings).toEqual([expect.objectContaining({ type: 'unreadable-hint', isDamage: false })]);
});

test('a history of epochs that contradicts a whole batch is damage', async () => {
  const { files } = await makeDamageTemplate('closed');
  const checkpoint = checkpointOf(files);
  const epochs = checkpoint.epochs.map(({ epoch, start }, at) => ({
    epoch,
    start: at === 1 ? offset(start + 2) : start,
  }));
  const { findings } = await verify(withCheckpoint(files, { ...checkpoint, epochs }));
  const from = checkpoint.epochs[1]?.start;
  expect(findings).toEqual([
    expect.objectContaining({
      type: 'wrong-epoch',
      isDamage: true,
      range: expect.objectContaining({ from }) as unknown,
    }),
  ]);
});

test('a segment that a running broker lets go of meanwhile is not missed', async () => {
  const { files } = await makeDamageTemplate('closed');
  const checkpoint = checkpointOf(files);
  const [first, second] = checkpoint.sealed;
  if (first === undefined || second === undefined) throw new Error('two segments are sealed');
  const sealed = checkpoint.sealed.slice(1);
  const after = withCheckpoint(files, {
    ...checkpoint,
    sequence: checkpoint.sequence + 1,
    localStart: second.base,
    sealed,
  });
  const firstFiles = [...files.keys()].filter((path) => path.includes(String(first.base).padStart(20, '0')));
  const disk = new RetainingDisk(files, without(after, ...firstFiles));
  const verified = await disk.verify();
  expect(verified).toMatchObject({ start: second.base, findings: [] });
});

/** Once its folder was listed, the broker has gone on. */
class RetainingDisk extends MemoryDisk {
  readonly #after: Files;
  #hasGoneOn = false;

  constructor(before: Files, after: Files) {
    super(before);
    this.#after = after;
  }

  override get files(): Files {
    return this.#after;
  }

  async verify(): Promise<VerifiedLog> {
    const verified = await verifyDamaged(this);
    if (!verified.ok) throw new Error('it is a log');
    return verified.value;
  }

  override async list(folder: string): Promise<readonly string[]> {
    if (this.#hasGoneOn) return new MemoryDisk(this.#after).list(folder);
    return super.list(folder);
  }

  override async openFile(path: string, mode: 'create' | 'existing' | 'create-or-existing') {
    if (!this.#hasGoneOn && path.includes('checkpoint')) return super.openFile(path, mode);
    this.#hasGoneOn = true;
    return new MemoryDisk(this.#after).openFile(path, mode);
  }
}
