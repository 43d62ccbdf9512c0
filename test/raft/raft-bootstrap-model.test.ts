import { expect, test } from 'vitest';
import { BootstrapWorld, seededDraw } from './raft-bootstrap-model.ts';

const seeds = Array.from({ length: 600 }, (_, seed) => seed);

test('B1 B2 B3: no history of crashes, lost calls and wiped disks lets two founding sets live at once', () => {
  let refounded = 0;
  for (const seed of seeds) {
    const draw = seededDraw(seed);
    const world = new BootstrapWorld({ voters: draw(4) === 0 ? 5 : 3, draw, wipes: true });
    try {
      for (let action = 0; action < 300 && !world.settled; action += 1) world.act();
      world.settle();
    } catch (problem) {
      throw new Error(`seed ${seed}`, { cause: problem });
    }
    if (world.founded.length > 1) refounded += 1;
  }
  // Otherwise nothing was at stake: the interesting histories are those in which a set dies before it spreads.
  expect(refounded).toBeGreaterThan(5);
});

test('voters that are not wiped end in one cluster whatever crashes and losses came before', () => {
  for (const seed of seeds.slice(0, 150)) {
    const draw = seededDraw(seed);
    const world = new BootstrapWorld({ voters: 1 + draw(5), draw, wipes: false });
    for (let action = 0; action < 100; action += 1) world.act();
    world.settle();
    const [first] = world.founded;
    expect(world.founded.length, `seed ${seed}`).toBe(1);
    expect(
      world.voters.map((voter) => voter.disk.founding),
      `seed ${seed}`,
    ).toEqual(world.voters.map(() => first));
  }
});
