/**
 * What the disk suite needs of the disk it runs on, and the props that its cases are told with.
 *
 * A fixture is a real or a simulated disk whose power can be cut. Read next: the cases by theme, disk-cases-*.ts.
 */
import { expect } from 'vitest';
import { DiskError, type Disk, type DiskFile, type DiskProblem } from '../../src/ports/disk.ts';

export interface DiskFixture {
  /** As the process that runs now has it. */
  readonly disk: Disk;
  /** Ends the process and returns the disk as the next one finds it. */
  readonly restart: () => Promise<Disk>;
  /** Takes away at least something of what need not survive, and returns the disk as the next process finds it. */
  readonly powerCut: () => Promise<Disk>;
  /** The next operation of that kind meets a fault of the disk below. */
  readonly failNext: (kind: 'read' | 'write' | 'sync') => void;
  /** From now on there is no room for another byte. */
  readonly fill: () => void;
  /** Lets the fixture's own time pass until `waiting` has settled. */
  readonly passTime: (waiting: Promise<void>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A promise of the port, and the play that shows it. */
export interface DiskCase {
  readonly promise: string;
  play(fixture: DiskFixture): Promise<void>;
}

export async function playDiskCase(diskCase: DiskCase, fixture: DiskFixture): Promise<void> {
  try {
    await fixture.passTime(diskCase.play(fixture));
  } finally {
    await fixture.close();
  }
}

/** Bytes that differ from place to place and from seed to seed, so that nothing can be swapped unseen. */
export function patterned(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (seed * 89 + at * 7 + (at >> 8) * 13 + 1) & 0xff;
  return bytes;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export async function contentsOf(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.openFile(path, 'existing');
  const bytes = await file.read(0, (await file.sizeBytes()) + 10);
  await file.close();
  return bytes;
}

/** Writes a new file, or over an old one, and leaves it open. Syncs nothing. */
export async function written(disk: Disk, path: string, bytes: Uint8Array): Promise<DiskFile> {
  const file = await disk.openFile(path, 'create-or-existing');
  await file.write(0, [bytes]);
  return file;
}

/** Writes a file and syncs it and the folder of its name. */
export async function writtenDurably(disk: Disk, path: string, bytes: Uint8Array): Promise<DiskFile> {
  const file = await written(disk, path, bytes);
  await file.sync();
  await disk.syncFolder(path.split('/').slice(0, -1).join('/'));
  return file;
}

export async function expectProblem(problem: DiskProblem, refused: Promise<unknown>): Promise<void> {
  const outcome: unknown = await refused.then(
    () => 'no problem at all',
    (fault: unknown) => (fault instanceof DiskError ? fault.problem : fault),
  );
  expect(outcome).toBe(problem);
}

/** With a message that does not print a hundred thousand numbers. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  if (Buffer.compare(actual, expected) === 0) return;
  const firstWrong = expected.findIndex((byte, at) => actual[at] !== byte);
  expect(firstWrong, 'the first place with a wrong byte').toBe(-1);
}
