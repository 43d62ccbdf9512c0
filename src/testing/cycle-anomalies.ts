/**
 * Circular flow of information. In a log whose readers see committed values only, no operation can have been polled,
 * by way of others or directly, by what it polled itself. Writes of transactions are not isolated from each other in
 * the model of a log, so circles through the order of sends are only noted.
 */
import { assert } from '../base/assert.ts';
import { quote, type AnomalyReport, type LogAnomalyName } from './log-anomaly.ts';
import { componentsOf, cycleThrough } from './dependency-cycles.ts';
import { dependencies, dependencyGraph, type DependencyEdge, type DependencyGraph } from './dependency-graph.ts';
import type { LogOperation } from './observed-history.ts';
import type { ObservedLog, ObservedValue } from './observed-log.ts';
import type { VersionOrder } from './version-order.ts';

interface CycleClass {
  readonly name: LogAnomalyName;
  /** Edges that the circle is made of; it begins with one of kind `through`, and has one of kind `also`. */
  readonly kinds: number;
  readonly through: number;
  readonly also?: number;
  /** Takes an operation that does more than one thing: otherwise no edges meet that could close it. */
  readonly needsTransactions: boolean;
}

const { wr, ww, rw, rt } = dependencies;

const classes: readonly CycleClass[] = [
  { name: 'G1c', kinds: wr, through: wr, needsTransactions: true },
  { name: 'G1c-realtime', kinds: wr | rt, through: rt, also: wr, needsTransactions: false },
  { name: 'G1c-with-writes', kinds: wr | ww, through: wr, also: ww, needsTransactions: true },
  { name: 'G0', kinds: ww, through: ww, needsTransactions: true },
  { name: 'G2', kinds: wr | ww | rw, through: rw, needsTransactions: true },
];

/**
 * Whether there can be a circle at all. Where every operation does one thing, a circle in time has a step "polled before
 * it was sent": otherwise each send would begin after the one before it in the circle, and so after itself.
 */
function mayHaveCycles(operations: readonly LogOperation[]): boolean {
  return operations.some(
    ({ f, sends, invokedLine }) => f === 'txn' || sends.some((sent) => isSeenBefore(sent, invokedLine)),
  );
}

function isSeenBefore({ places }: ObservedValue, line: number): boolean {
  return places.some(({ polledLine }) => polledLine !== undefined && polledLine < line);
}

/** A component may have circles of several classes; after so many that are of another, it is left. */
const triesPerComponentMax = 50;

export function findCycles(
  operations: readonly LogOperation[],
  orders: ReadonlyMap<ObservedLog, VersionOrder>,
  report: AnomalyReport,
): void {
  if (!mayHaveCycles(operations)) return;
  const graph = dependencyGraph(operations, orders);
  const hasTransactions = operations.some(({ f }) => f === 'txn');
  for (const one of classes) {
    if (one.needsTransactions && !hasTransactions) continue;
    for (const cycle of cyclesOf(graph, one)) reportCycle(one.name, { cycle, operations }, report);
  }
}

/** One of each component. */
function* cyclesOf(graph: DependencyGraph, { kinds, through, also }: CycleClass): Iterable<readonly DependencyEdge[]> {
  const component = componentsOf(graph, kinds);
  const triesOf = new Map<number, number>();
  for (const edge of graph.edges) {
    const own = component[edge.from] as number;
    if (edge.kind !== through || own !== component[edge.to]) continue;
    const tries = triesOf.get(own) ?? 0;
    if (tries >= triesPerComponentMax) continue;
    const cycle = cycleThrough(graph, { edge, kinds, component });
    const fits = also === undefined || cycle.some(({ kind }) => kind === also);
    triesOf.set(own, fits ? triesPerComponentMax : tries + 1);
    if (fits) yield cycle;
  }
}

function reportCycle(
  name: LogAnomalyName,
  { cycle, operations }: { cycle: readonly DependencyEdge[]; operations: readonly LogOperation[] },
  report: AnomalyReport,
): void {
  report.add(name, () => {
    const steps = withoutMoments(cycle, operations.length);
    const members = steps.map(({ from }) => operations[from] as LogOperation);
    const logs = new Set(steps.flatMap(({ via }) => via?.log ?? []));
    const [only] = logs;
    return {
      ...(only !== undefined && logs.size === 1 ? { log: only } : {}),
      values: steps.flatMap(({ via }) => via?.value ?? []),
      offsets: steps.flatMap(({ via }) => via?.places[0]?.offset ?? []),
      lines: members.flatMap(({ invokedLine, completedLine }) => [invokedLine, completedLine]),
      explanation: `A circle: ${steps.map((step) => describeStep(step, operations)).join('; ')}.`,
    };
  });
}

/** From operation to operation: what leads from one to another through moments becomes one step. */
function withoutMoments(cycle: readonly DependencyEdge[], operations: number): readonly DependencyEdge[] {
  const start = cycle.findIndex(({ from }) => from < operations);
  assert(start >= 0, 'a circle is not made of moments alone, which follow each other');
  const steps: DependencyEdge[] = [];
  for (const edge of [...cycle.slice(start), ...cycle.slice(0, start)]) {
    const last = steps.at(-1);
    if (last === undefined || last.to < operations) steps.push(edge);
    else steps[steps.length - 1] = { ...last, to: edge.to };
  }
  return steps;
}

function describeStep({ from, to, kind, via }: DependencyEdge, operations: readonly LogOperation[]): string {
  const earlier = operations[from];
  const later = operations[to];
  assert(earlier !== undefined && later !== undefined, 'a step leads from an operation to an operation');
  const what = via === undefined ? '' : `${quote([via.value])} of ${via.log.name}`;
  const begun = (operation: LogOperation): string => `what began in line ${operation.invokedLine}`;
  if (kind === wr) return `${begun(later)} polled ${what}, sent by ${begun(earlier)}`;
  if (kind === ww) return `${begun(later)} sent ${what}, next after ${begun(earlier)}`;
  if (kind === rw) return `${begun(earlier)} had polled up to ${what}, sent by ${begun(later)}`;
  return `${begun(earlier)} had ended in line ${earlier.completedLine} before ${begun(later)}`;
}
