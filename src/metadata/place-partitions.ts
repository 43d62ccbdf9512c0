/**
 * On which brokers new partitions go: evenly, and each partition on as many racks as there are. Pure.
 *
 * Each partition takes the brokers that keep the fewest replicas, a rack that it is not on yet before one that it is;
 * among them the one that leads the fewest is its preferred leader. Where brokers are alike, chance decides, so that
 * many topics of one partition do not all begin at the same broker.
 */
import { assert } from '../base/assert.ts';
import type { BrokerId } from '../base/ids.ts';
import type { Assignment } from './metadata-command.ts';
import type { BrokerImage } from './metadata-image.ts';

export interface PlacementWish {
  /** Those that may be given replicas, at least as many as `replicationFactor`. */
  readonly candidates: readonly BrokerImage[];
  readonly partitionCount: number;
  readonly replicationFactor: number;
  readonly integerBelow: (bound: number) => number;
}

interface Candidate {
  readonly brokerId: BrokerId;
  readonly rack: string | undefined;
  replicas: number;
  leaders: number;
}

export function placePartitions(wish: PlacementWish): readonly Assignment[] {
  const { candidates, partitionCount, replicationFactor, integerBelow } = wish;
  assert(replicationFactor >= 1 && candidates.length >= replicationFactor, 'there are brokers enough to place on', {
    candidates: candidates.length,
    replicationFactor,
  });
  const brokers = shuffled(candidates, integerBelow).map(({ brokerId, rack, replicaCount, leaderCount }) => {
    return { brokerId, rack, replicas: replicaCount, leaders: leaderCount };
  });
  return Array.from({ length: partitionCount }, () => placeOne(brokers, replicationFactor));
}

function placeOne(brokers: readonly Candidate[], replicationFactor: number): Assignment {
  const chosen: Candidate[] = [];
  const racks = new Set<string>();
  while (chosen.length < replicationFactor) {
    const next = pickNext(brokers, chosen, racks);
    chosen.push(next);
    if (next.rack !== undefined) racks.add(next.rack);
  }
  const leader = chosen.reduce((least, broker) => (broker.leaders < least.leaders ? broker : least));
  for (const broker of chosen) broker.replicas += 1;
  leader.leaders += 1;
  return [leader, ...chosen.filter((broker) => broker !== leader)].map(({ brokerId }) => brokerId);
}

/** A broker that does not say where it stands has a rack of its own. */
function pickNext(brokers: readonly Candidate[], chosen: readonly Candidate[], racks: ReadonlySet<string>): Candidate {
  let best: Candidate | undefined;
  let isBestOnNewRack = false;
  for (const broker of brokers) {
    if (chosen.includes(broker)) continue;
    const isOnNewRack = broker.rack === undefined || !racks.has(broker.rack);
    const isBetter =
      best === undefined || (isOnNewRack === isBestOnNewRack ? broker.replicas < best.replicas : isOnNewRack);
    if (!isBetter) continue;
    best = broker;
    isBestOnNewRack = isOnNewRack;
  }
  assert(best !== undefined, 'there are brokers enough to place on');
  return best;
}

function shuffled<Item>(items: readonly Item[], integerBelow: (bound: number) => number): readonly Item[] {
  const left = [...items];
  return items.map(() => left.splice(integerBelow(left.length), 1)[0] as Item);
}
