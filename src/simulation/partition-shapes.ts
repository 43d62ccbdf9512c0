/**
 * How a network falls apart: which one-way links a partition cuts.
 *
 * The bridge is the classic trap of election protocols: everybody but the bridge sees only half of the cluster,
 * and all of them see the bridge. One-way cuts are what failing switches and firewalls really do.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import type { SimulatedRandom } from './simulated-random.ts';

export const partitionShapes = ['isolate-one', 'halves', 'bridge', 'one-way', 'one-way-isolate'] as const;
export type PartitionShape = (typeof partitionShapes)[number];

export interface CutLink {
  readonly from: string;
  readonly to: string;
}

export interface Partition {
  readonly shape: PartitionShape;
  readonly cuts: readonly CutLink[];
}

export function drawPartition(shape: PartitionShape, machines: readonly string[], random: SimulatedRandom): Partition {
  assert(machines.length >= 2, 'one machine alone cannot be partitioned', { machines });
  const shuffled = random.shuffled(machines);
  const [first, ...others] = shuffled;
  assert(first !== undefined, 'there is a first machine');
  return { shape, cuts: cutsOf(shape, { first, others, random }) };
}

interface Draw {
  readonly first: string;
  readonly others: readonly string[];
  readonly random: SimulatedRandom;
}

function cutsOf(shape: PartitionShape, { first, others, random }: Draw): readonly CutLink[] {
  switch (shape) {
    case 'isolate-one':
      return bothWays([first], others);
    case 'halves': {
      const size = random.integerBelow(others.length);
      return bothWays([first, ...others.slice(0, size)], others.slice(size));
    }
    case 'bridge': {
      const middle = Math.max(1, Math.floor(others.length / 2));
      return bothWays(others.slice(0, middle), others.slice(middle));
    }
    case 'one-way':
      return [{ from: first, to: random.pick(others) }];
    case 'one-way-isolate':
      return random.chance(0.5) ? oneWay([first], others) : oneWay(others, [first]);
    default:
      return assertUnreachable(shape);
  }
}

function oneWay(fromSide: readonly string[], toSide: readonly string[]): readonly CutLink[] {
  return fromSide.flatMap((from) => toSide.map((to) => ({ from, to })));
}

function bothWays(oneSide: readonly string[], otherSide: readonly string[]): readonly CutLink[] {
  return [...oneWay(oneSide, otherSide), ...oneWay(otherSide, oneSide)];
}
