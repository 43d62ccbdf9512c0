/**
 * The hello between two brokers, and what its refusal looks like to whoever is refused.
 */
import { assertUnreachable } from '../base/assert.ts';
import { brokerEpochFromOutside } from '../base/epochs.ts';
import { errorCodes, type ErrorName } from '../base/error-codes.ts';
import { brokerIdFromOutside, clusterIdFromOutside } from '../base/ids.ts';
import { statusCodes, statusOf, type Status } from '../base/status.ts';
import type { ReplicaHello, ReplicaHelloProblem, ReplicaLane } from '../partition/replica-hello.ts';
import { must, unreadable } from './decode-message.ts';
import { encodeErrorDetails } from './error-details.ts';
import { odradek } from './generated/messages.js';

const { ReplicaLane: WireLane } = odradek.internal.v1;

const wireLanes = {
  control: WireLane.REPLICA_LANE_CONTROL,
  tail: WireLane.REPLICA_LANE_TAIL,
  'catch-up': WireLane.REPLICA_LANE_CATCH_UP,
} as const satisfies Record<ReplicaLane, odradek.internal.v1.ReplicaLane>;

const lanesByNumber = new Map(
  Object.entries(wireLanes).map(([lane, number]) => [number as number, lane as ReplicaLane]),
);

export function replicaHelloToWire(hello: ReplicaHello): odradek.internal.v1.ReplicaHello.$Properties {
  return {
    clusterId: hello.clusterId,
    fromBrokerId: hello.from,
    fromBrokerEpoch: hello.fromEpoch,
    toBrokerId: hello.to,
    toBrokerEpoch: hello.toEpoch,
    lane: wireLanes[hello.lane],
  };
}

export function replicaHelloFromWire(message: odradek.internal.v1.ReplicaHello.$Properties): ReplicaHello {
  return {
    clusterId: must('cluster_id', clusterIdFromOutside(message.clusterId ?? '')),
    from: must('from_broker_id', brokerIdFromOutside(message.fromBrokerId)),
    fromEpoch: must('from_broker_epoch', brokerEpochFromOutside(message.fromBrokerEpoch ?? 0)),
    to: must('to_broker_id', brokerIdFromOutside(message.toBrokerId)),
    toEpoch: must('to_broker_epoch', brokerEpochFromOutside(message.toBrokerEpoch ?? 0)),
    lane: lanesByNumber.get(message.lane ?? 0) ?? unreadable('lane', message.lane, 'a lane that this release knows'),
  };
}

export function statusOfReplicaHelloProblem(problem: ReplicaHelloProblem): Status {
  const error = errorOf(problem);
  const message = describe(problem);
  const { status } = errorCodes[error];
  const { type, ...facts } = problem;
  const details = encodeErrorDetails({
    statusCode: statusCodes[status],
    message,
    reason: error.toUpperCase().replaceAll('-', '_'),
    metadata: {
      problem: type,
      ...Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, String(value)])),
    },
    retryAfterMs: undefined,
    violations: [],
  });
  return statusOf(status, message, details);
}

function errorOf(problem: ReplicaHelloProblem): ErrorName {
  switch (problem.type) {
    case 'other-cluster':
      return 'cluster-id-mismatch';
    case 'other-broker':
    case 'unknown-sender':
      return 'broker-not-registered';
    case 'other-life':
    case 'former-life':
    case 'life-to-come':
      return 'stale-broker-epoch';
    default:
      return assertUnreachable(problem);
  }
}

function describe(problem: ReplicaHelloProblem): string {
  switch (problem.type) {
    case 'other-cluster':
      return `this is cluster ${problem.ours}, and cluster ${problem.named} is meant: correct the endpoints of the brokers`;
    case 'other-broker':
      return `this is broker ${problem.ours}, and broker ${problem.named} is meant: correct the endpoints of the brokers`;
    case 'other-life':
      return `this broker is registered under epoch ${problem.ours}, and ${problem.named} is meant: whoever asks will see it`;
    case 'unknown-sender':
      return `no broker ${problem.from} is registered here: it has left, or its registration is on its way`;
    case 'former-life':
      return `broker ${problem.from} has registered again under epoch ${problem.newest}: epoch ${problem.named} is over`;
    case 'life-to-come':
      return `broker ${problem.from} is known here under epoch ${problem.newest}: epoch ${problem.named} is on its way`;
    default:
      return assertUnreachable(problem);
  }
}
