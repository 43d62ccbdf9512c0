import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { brokerId } from '../../src/base/ids.ts';
import { placePartitions } from '../../src/metadata/place-partitions.ts';
import { DecideStage, registerBroker } from './decide-fixture.ts';

const wishes = fc
  .record({
    racks: fc.array(fc.option(fc.constantFrom('r1', 'r2', 'r3'), { nil: undefined }), { minLength: 1, maxLength: 9 }),
    partitionCount: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(),
  })
  .chain((wish) =>
    fc.integer({ min: 1, max: wish.racks.length }).map((replicationFactor) => ({ ...wish, replicationFactor })),
  );

function place(wish: {
  racks: readonly (string | undefined)[];
  partitionCount: number;
  replicationFactor: number;
  seed: number;
}) {
  const stage = new DecideStage();
  wish.racks.forEach((rack, at) => stage.ask(registerBroker(at + 1, 1, { rack })));
  let draw = wish.seed;
  const integerBelow = (bound: number): number => {
    draw = (draw * 48271 + 11) % 2147483647;
    return draw % bound;
  };
  return placePartitions({ ...wish, candidates: [...stage.image.brokers.values()], integerBelow });
}

test('every partition is on different brokers, and on as many racks as it can be', () => {
  fc.assert(
    fc.property(wishes, (wish) => {
      const rackOf = (id: number): string => wish.racks[id - 1] ?? `own ${id}`;
      const rackCount = new Set(wish.racks.map((_rack, at) => rackOf(at + 1))).size;
      for (const assignment of place(wish)) {
        expect(new Set(assignment).size).toBe(wish.replicationFactor);
        const racks = new Set(assignment.map((id) => rackOf(id)));
        expect(racks.size).toBe(Math.min(rackCount, wish.replicationFactor));
      }
    }),
  );
});

test('without racks no broker keeps two replicas more than another', () => {
  fc.assert(
    fc.property(wishes, (wish) => {
      const assignments = place({ ...wish, racks: wish.racks.map(() => undefined) });
      const replicas = wish.racks.map(
        (_rack, at) => assignments.filter((ids) => ids.includes(brokerId(at + 1))).length,
      );
      expect(Math.max(...replicas) - Math.min(...replicas)).toBeLessThanOrEqual(1);
    }),
  );
});

test('on equal racks no broker keeps three replicas more than another', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(),
      (partitionCount, replicationFactor, seed) => {
        const racks = ['r1', 'r1', 'r2', 'r2', 'r3', 'r3'];
        const assignments = place({ racks, partitionCount, replicationFactor, seed });
        const replicas = racks.map((_rack, at) => assignments.filter((ids) => ids.includes(brokerId(at + 1))).length);
        expect(Math.max(...replicas) - Math.min(...replicas)).toBeLessThanOrEqual(2);
      },
    ),
  );
});

test('leaderships are spread as well', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(), (rounds, seed) => {
      const racks = [undefined, undefined, undefined, undefined];
      const assignments = place({ racks, partitionCount: 4 * rounds, replicationFactor: 3, seed });
      const leaders = racks.map((_rack, at) => assignments.filter(([leader]) => leader === at + 1).length);
      expect(Math.max(...leaders) - Math.min(...leaders)).toBeLessThanOrEqual(1);
    }),
  );
});
