import { expect, test } from 'vitest';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { position } from '../../src/record/batch-layout.ts';
import { testBatch } from '../partition/test-batches.ts';
import { RunnerStage } from './runner-stage.ts';

test('I3: a damaged batch of a producer is not believed by the start that replays it', async () => {
  const stage = await new RunnerStage({ replicas: 1 }).start();
  for (const sequence of [0, 1]) await stage.produce(1, testBatch('of a producer', { id: 7, sequence }));
  await stage.stop(1);
  const { disk } = stage.stage.ports;
  const folder = 'broker-1/orders-0';
  const damage = async (): Promise<void> => {
    for (const name of await disk.list(folder))
      if (name.endsWith('.producers')) await disk.removeFile(`${folder}/${name}`);
    const file = await disk.openFile(`${folder}/00000000000000000000.log`, 'existing');
    const bytes = await file.read(0, await file.sizeBytes());
    const second = new BatchHeader(bytes).sizeBytes;
    // Without the checksum, somebody else's number.
    await file.write(second + position.producerId + 7, [Uint8Array.of(8)]);
    await file.sync();
    await file.close();
  };
  await stage.stage.settle(damage());
  await stage.restart(1);
  expect(stage.runner(1).view.producers.map((state) => state.producerId)).toEqual([7]);
  expect(stage.bugs).toEqual([]);
});
