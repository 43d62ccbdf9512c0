/**
 * Where a node is in its life. Only forward: a node that stops never serves again.
 */
import { assert } from '../base/assert.ts';
import type { ApiProblem } from '../api/api-problem.ts';
import type { QuorumDescription } from '../quorum/quorum-description.ts';

export type NodePhase = 'starting' | 'serving' | 'stopping';

const order: readonly NodePhase[] = ['starting', 'serving', 'stopping'];

export class NodeLife {
  #phase: NodePhase = 'starting';

  get phase(): NodePhase {
    return this.#phase;
  }

  moveTo(phase: NodePhase): void {
    const forward = order.indexOf(phase) > order.indexOf(this.#phase);
    assert(forward, 'a node never goes back in its life', { from: this.#phase, to: phase });
    this.#phase = phase;
  }
}

/** What a caller is told who comes too early. A start takes a fraction of a second, so trying again soon helps. */
export const nodeStarting: ApiProblem = {
  error: 'node-starting',
  message: 'this node is starting and reads its log; retry shortly',
  retryAfterMs: 100,
};

export const nodeStopping: ApiProblem = {
  error: 'node-stopping',
  message: 'this node is stopping; ask another node of the cluster',
};

/** A voter that was never founded, or a broker that has not found a voter. */
export const clusterUnknown: ApiProblem = {
  error: 'node-starting',
  message:
    'this node has not found its cluster yet: the voters are not founded, or none of them answers; retry shortly',
  retryAfterMs: 250,
};

/** What only a voter has: the log of the metadata, and a say in who votes. */
export function noVote(quorum: QuorumDescription | undefined): ApiProblem {
  const voters = quorum?.voters.map(({ apiEndpoint }) => apiEndpoint).join(', ') ?? '';
  const whom = voters === '' ? 'a voter of its cluster' : `a voter: ${voters}`;
  return { error: 'not-controller', message: `this node has no vote in the quorum; ask ${whom}` };
}

/** A cluster that is not founded yet, or a controller that does not answer, may take its time. */
export const brokerStarting: ApiProblem = {
  error: 'node-starting',
  message: 'the broker of this node is not registered with the cluster yet; retry shortly, or ask another broker',
  retryAfterMs: 250,
};

export const noBroker: ApiProblem = {
  error: 'not-found',
  message: 'this node keeps no partitions; ask a broker: ClusterService/ListBrokers lists them',
};
