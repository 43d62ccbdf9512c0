/**
 * What goes wrong in one seed: first the kinds of faults and how often, then everything else.
 *
 * Swarm testing: each seed leaves out about half of the kinds. A run in which everything happens at once finds
 * less than many runs that each have a character, because faults hide each other: with constant resets no
 * stream ever lives long enough to be stalled.
 * Read next: fault-injector.ts, which makes it happen.
 */
import { assert } from '../base/assert.ts';
import { networkHabitsDefault, type NetworkHabits } from './simulated-network.ts';
import type { LinkWeather } from './simulated-links.ts';
import type { SimulatedRandom } from './simulated-random.ts';

export const faultKinds = [
  'rough weather',
  'link clogged',
  'link cut',
  'link cut one way',
  'partition',
  'stream reset',
  'stream stalled',
  'crash',
  'power cut',
  'pause',
  'clock jump',
  'clock drift',
  'disk stuck',
  'disk full',
  'disk error',
  'sync failure',
  'bit rot',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** The counter of a kind. */
export function faultCounter(kind: FaultKind): string {
  return `fault: ${kind}`;
}

/** What a scenario allows faults to hit. */
export interface FaultScope {
  /** Machines that may crash, pause, lose power and be cut off. */
  readonly machines: readonly string[];
  /** Machines whose disks and stores may misbehave. */
  readonly storageMachines: readonly string[];
  /**
   * On so many of those, data may be damaged that was stored well. More than the system under test can bear
   * would prove nothing.
   */
  readonly damagedMachinesMax: number;
  /** Kinds that the scenario leaves out. */
  readonly without?: readonly FaultKind[];
}

export interface FaultPlan {
  readonly safetyMs: number;
  /** The kinds of this seed, each with its mean time between two. */
  readonly intervalMsMean: ReadonlyMap<FaultKind, number>;
  /** How long a fault lasts that ends by itself. */
  readonly lastsMsMean: number;
  /** How long a process stays down. */
  readonly downMsMean: number;
  readonly weather: LinkWeather;
  readonly roughWeather: LinkWeather;
  readonly habits: NetworkHabits;
  readonly machinesToDamage: readonly string[];
  readonly syncMsMean: number;
  /** How likely an unsynced change survives a power cut whole, and if not, in parts. */
  readonly changeSurvives: number;
  readonly writeTears: number;
  readonly failedSyncDrops: number;
}

export interface PlanLimits {
  readonly safetyMsMin: number;
  readonly safetyMsMax: number;
  /** These kinds in every seed, and no others: for a scenario with a theme. Undefined: drawn. */
  readonly kinds?: readonly FaultKind[];
}

export const planLimitsDefault: PlanLimits = { safetyMsMin: 2_000, safetyMsMax: 20_000 };
const kindChance = 0.45;

export function drawFaultPlan(
  random: SimulatedRandom,
  scope: FaultScope,
  limits: PlanLimits = planLimitsDefault,
): FaultPlan {
  assert(scope.damagedMachinesMax <= scope.storageMachines.length, 'only what stores can be damaged');
  const safetyMs = random.integerBetween(limits.safetyMsMin, limits.safetyMsMax);
  return {
    safetyMs,
    intervalMsMean: drawIntervals(
      random.fork('intervals'),
      limits.kinds ?? drawKinds(random.fork('kinds'), scope),
      safetyMs,
    ),
    lastsMsMean: random.acrossMagnitudes(20, 2_000),
    downMsMean: random.acrossMagnitudes(10, 1_000),
    weather: drawWeather(random, { meanMsMax: 20, tailChance: 0 }),
    roughWeather: drawWeather(random, { meanMsMax: 100, tailChance: 0.1 }),
    habits: drawHabits(random),
    machinesToDamage: random
      .shuffled(scope.storageMachines)
      .slice(0, random.integerBetween(0, scope.damagedMachinesMax)),
    syncMsMean: random.acrossMagnitudes(0.2, 20),
    changeSurvives: random.pick([0, 0.2, 0.5, 0.9]),
    writeTears: random.pick([0, 0.5, 1]),
    failedSyncDrops: random.pick([0, 0.5, 1]),
  };
}

/** One line for the trace. */
export function describePlan({ safetyMs, intervalMsMean, machinesToDamage }: FaultPlan): string {
  const kinds = [...intervalMsMean].map(([kind, meanMs]) => `${kind} every ${Math.round(meanMs)} ms`);
  const damage = machinesToDamage.length === 0 ? 'nothing' : machinesToDamage.join(' and ');
  return `plan: ${safetyMs} ms of ${kinds.length === 0 ? 'peace' : kinds.join(', ')}; may damage ${damage}`;
}

function drawKinds(random: SimulatedRandom, scope: FaultScope): readonly FaultKind[] {
  return faultKinds.filter((kind) => scope.without?.includes(kind) !== true && random.chance(kindChance));
}

/** From a few in a run to dozens. */
function drawIntervals(
  random: SimulatedRandom,
  kinds: readonly FaultKind[],
  safetyMs: number,
): ReadonlyMap<FaultKind, number> {
  return new Map(kinds.map((kind) => [kind, random.acrossMagnitudes(safetyMs / 40, safetyMs)]));
}

function drawWeather(random: SimulatedRandom, worst: { meanMsMax: number; tailChance: number }): LinkWeather {
  return {
    delayMsMin: random.integerBelow(6),
    delayMsMean: random.acrossMagnitudes(0.1, worst.meanMsMax),
    heavyTailChance: worst.tailChance * random.fraction(),
    heavyTailFactor: random.integerBetween(5, 100),
  };
}

function drawHabits(random: SimulatedRandom): NetworkHabits {
  const silenceNoticedMsMin = random.integerBetween(100, 2_000);
  return {
    ...networkHabitsDefault,
    silenceNoticedMsMin,
    silenceNoticedMsMax: silenceNoticedMsMin * random.integerBetween(1, 10),
    silenceUnnoticedChance: random.pick([0, 0.1, 0.5]),
    connectTimeoutMs: random.integerBetween(200, 5_000),
    lostOnResetChance: random.pick([0, 0.5, 1]),
  };
}
