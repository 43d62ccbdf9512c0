import { expect, test } from 'vitest';
import { diskConformance } from '../conformance/disk.ts';
import { nodeDiskFixture } from '../conformance/disk-on-node.ts';
import { contentsOf, patterned, written, writtenDurably } from '../conformance/disk-stage.ts';

diskConformance('real', nodeDiskFixture);

test('cutting the power of the real disk does take away what was not synced', async () => {
  const fixture = await nodeDiskFixture();
  const file = await writtenDurably(fixture.disk, 'kept', patterned(10, 1));
  await file.write(10, [patterned(10, 2)]);
  const nameless = await written(fixture.disk, 'name-not-synced', patterned(10, 3));
  await nameless.sync();
  const after = await fixture.powerCut();
  expect(await after.list('')).toEqual(['kept']);
  expect(await contentsOf(after, 'kept')).toEqual(patterned(10, 1));
  await fixture.close();
});
