/**
 * Circles in a dependency graph: strongly connected components by Tarjan's algorithm, without recursion, in linear
 * time, and within one of them a short circle through a given edge.
 */
import { assert } from '../base/assert.ts';
import type { DependencyEdge, DependencyGraph } from './dependency-graph.ts';

/** For each node the number of its component, looking at the kinds of edges in `kinds` alone. */
export function componentsOf(graph: DependencyGraph, kinds: number): Int32Array {
  const { nodes } = graph;
  const component = new Int32Array(nodes).fill(-1);
  const index = new Int32Array(nodes).fill(-1);
  const low = new Int32Array(nodes);
  const cursor = new Int32Array(nodes);
  /** Visited and not in a component yet; and the way from the root to the node at hand. */
  const open: number[] = [];
  const path: number[] = [];
  let visited = 0;
  let components = 0;

  const enter = (node: number): void => {
    index[node] = low[node] = visited;
    visited += 1;
    cursor[node] = graph.firstEdgeOf(node);
    open.push(node);
    path.push(node);
  };
  const leave = (node: number): void => {
    path.pop();
    const parent = path.at(-1);
    if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number);
    if (low[node] !== index[node]) return;
    for (let member = open.pop(); member !== undefined; member = open.pop()) {
      component[member] = components;
      if (member === node) break;
    }
    components += 1;
  };

  for (let root = 0; root < nodes; root += 1) {
    if (index[root] !== -1) continue;
    enter(root);
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const position = cursor[node] as number;
      if (position === graph.firstEdgeOf(node + 1)) {
        leave(node);
        continue;
      }
      cursor[node] = position + 1;
      const { to, kind } = graph.edgeAt(position);
      if ((kind & kinds) === 0) continue;
      if (index[to] === -1) enter(to);
      else if (component[to] === -1) low[node] = Math.min(low[node] as number, index[to] as number);
    }
  }
  assert(open.length === 0 && visited === nodes, 'every node is in a component', { visited, nodes });
  return component;
}

/** A shortest circle that begins with `edge`, whose ends are in one component. */
export function cycleThrough(
  graph: DependencyGraph,
  { edge, kinds, component }: { edge: DependencyEdge; kinds: number; component: Int32Array },
): readonly DependencyEdge[] {
  const cameBy = new Map<number, DependencyEdge>();
  const queue = [edge.to];
  for (let at = 0; at < queue.length && !cameBy.has(edge.from); at += 1) {
    const node = queue[at] as number;
    for (let position = graph.firstEdgeOf(node); position < graph.firstEdgeOf(node + 1); position += 1) {
      const next = graph.edgeAt(position);
      const isInside = (next.kind & kinds) !== 0 && component[next.to] === component[edge.to];
      if (!isInside || next.to === edge.to || cameBy.has(next.to)) continue;
      cameBy.set(next.to, next);
      queue.push(next.to);
    }
  }
  const wayBack: DependencyEdge[] = [];
  for (let node = edge.from; node !== edge.to;) {
    const step = cameBy.get(node);
    assert(step !== undefined, 'the ends of an edge within a component reach each other', { node });
    wayBack.push(step);
    node = step.from;
  }
  return [edge, ...wayBack.toReversed()];
}
