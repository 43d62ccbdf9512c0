/**
 * What depends on what: a graph of the operations that took effect, as Adya and the Elle checker draw it.
 *
 *   wr  one sent a value, the other polled it
 *   ww  one sent a value, the other the next value of the same partition
 *   rw  one polled a partition up to a value, the other sent the next one
 *   rt  one had ended before the other began
 *
 * `rt` alone would take an edge for almost every pair. Instead every end is a node of its own, a moment; moments follow
 * each other, an operation leads to the moment of its end, and the last moment before it began leads to it.
 */
import { assert } from '../base/assert.ts';
import type { LogOperation } from './observed-history.ts';
import type { ObservedLog, ObservedValue } from './observed-log.ts';
import type { VersionOrder } from './version-order.ts';

export const dependencies = { wr: 1, ww: 2, rw: 4, rt: 8 } as const;

export interface DependencyEdge {
  readonly from: number;
  readonly to: number;
  /** One of `dependencies`. */
  readonly kind: number;
  /** What was polled, or the later of two neighbours. */
  readonly via: ObservedValue | undefined;
}

export class DependencyGraph {
  readonly #edges: DependencyEdge[];
  /** Edges by their sources: those of node n are at starts[n] up to starts[n + 1]. */
  readonly #starts: Int32Array;
  readonly #order: Int32Array;
  readonly nodes: number;

  constructor(nodes: number, edges: DependencyEdge[]) {
    this.nodes = nodes;
    this.#edges = edges;
    this.#starts = new Int32Array(nodes + 1);
    this.#order = new Int32Array(edges.length);
    for (const { from } of edges) this.#starts[from + 1] = (this.#starts[from + 1] as number) + 1;
    for (let node = 0; node < nodes; node += 1)
      this.#starts[node + 1] = (this.#starts[node + 1] as number) + (this.#starts[node] as number);
    const free = this.#starts.slice();
    for (const [at, { from }] of edges.entries()) {
      this.#order[free[from] as number] = at;
      free[from] = (free[from] as number) + 1;
    }
  }

  get edges(): readonly DependencyEdge[] {
    return this.#edges;
  }

  /** Positions of the edges that leave a node, for `edgeAt`. */
  firstEdgeOf(node: number): number {
    return this.#starts[node] as number;
  }

  edgeAt(position: number): DependencyEdge {
    const edge = this.#edges[this.#order[position] as number];
    assert(edge !== undefined, 'a position is that of an edge', () => ({ position }));
    return edge;
  }
}

/** Nodes are the numbers of the operations; moments have the numbers behind them. */
export function dependencyGraph(
  operations: readonly LogOperation[],
  orders: ReadonlyMap<ObservedLog, VersionOrder>,
): DependencyGraph {
  const edges: DependencyEdge[] = [];
  const successors = new Map([...orders].map(([log, order]) => [log, new Successors(order)]));
  for (const { neighbours } of successors.values()) linkNeighbours(neighbours, edges);
  for (const operation of operations) if (operation.outcome === 'ok') linkReads(operation, successors, edges);
  const moments = linkMoments(operations, edges);
  return new DependencyGraph(operations.length + moments, edges);
}

/** Its effect is known: it succeeded, or somebody saw what it sent. */
function tookEffect({ outcome, sends }: LogOperation): boolean {
  return outcome === 'ok' || (outcome === 'unknown' && sends.some(({ isPolled }) => isPolled));
}

/** Values with one place each, by their places: what has several, or shares one, has no certain neighbours. */
class Successors {
  readonly neighbours: readonly ObservedValue[];
  readonly #positions: ReadonlyMap<ObservedValue, number>;

  constructor(order: VersionOrder) {
    this.neighbours = order.places
      .filter(({ value, offset }) => value.places.length === 1 && !order.isConflicted(offset))
      .map(({ value }) => value)
      .filter(({ writer }) => writer !== undefined && tookEffect(writer));
    this.#positions = new Map(this.neighbours.map((value, at) => [value, at]));
  }

  after(value: ObservedValue): ObservedValue | undefined {
    const at = this.#positions.get(value);
    return at === undefined ? undefined : this.neighbours[at + 1];
  }
}

function linkNeighbours(neighbours: readonly ObservedValue[], edges: DependencyEdge[]): void {
  for (const [at, via] of neighbours.entries()) {
    const from = neighbours[at - 1]?.writer?.number;
    const to = via.writer?.number;
    if (from !== undefined && to !== undefined && from !== to) edges.push({ from, to, kind: dependencies.ww, via });
  }
}

function linkReads(
  operation: LogOperation,
  successors: ReadonlyMap<ObservedLog, Successors>,
  edges: DependencyEdge[],
): void {
  const { number, reads } = operation;
  for (const { log, values } of reads) {
    let last: LogOperation | undefined;
    for (const via of values) {
      const { writer } = via;
      if (writer !== undefined && writer !== last && writer !== operation && writer.outcome !== 'fail')
        edges.push({ from: writer.number, to: number, kind: dependencies.wr, via });
      last = writer;
    }
    // Only behind the last one: what came after the others, this operation did see.
    const end = reads.findLast((read) => read.log === log)?.values.at(-1);
    const next = end !== undefined && end === values.at(-1) ? successors.get(log)?.after(end) : undefined;
    const to = next?.writer?.number;
    // The rest of the same transaction is an intermediate read, and reported as that.
    if (to !== undefined && to !== number && to !== end?.writer?.number)
      edges.push({ from: number, to, kind: dependencies.rw, via: next });
  }
}

/** Answers how many moments there are. */
function linkMoments(operations: readonly LogOperation[], edges: DependencyEdge[]): number {
  const ended = operations
    .filter(({ outcome }) => outcome === 'ok')
    .sort((left, right) => (left.completedLine ?? 0) - (right.completedLine ?? 0));
  const rt = { kind: dependencies.rt, via: undefined };
  for (const [at, { number }] of ended.entries()) {
    const moment = operations.length + at;
    edges.push({ from: number, to: moment, ...rt });
    if (at > 0) edges.push({ from: moment - 1, to: moment, ...rt });
  }
  let past = 0;
  for (const operation of operations) {
    while (past < ended.length && (ended[past]?.completedLine ?? 0) < operation.invokedLine) past += 1;
    if (past > 0 && tookEffect(operation))
      edges.push({ from: operations.length + past - 1, to: operation.number, ...rt });
  }
  return ended.length;
}
