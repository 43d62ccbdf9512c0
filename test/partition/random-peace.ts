/**
 * What must be true of a partition some time after its faults have stopped, whatever happened before.
 */
import { assert, type Facts } from '../../src/base/assert.ts';
import type { TestCluster } from './test-cluster.ts';
import type { TestReplica } from './test-replica.ts';

export function checkPeace(cluster: TestCluster, leader: TestReplica): void {
  const { controller, replicas } = cluster;
  const facts = (): Facts => ({
    leader: leader.brokerId,
    controller: controller.facts,
    replicas: replicas.map(({ view }) => [view.role, view.isFollowing, view.assigned, view.watermark, view.aside]),
  });
  assert(leader.view.isEstablished, 'PL2: after healing the partition is led', facts);
  assert(controller.inSync.length === replicas.length, 'PL3: all replicas come back in sync', facts);
  for (const { view, wakeMs, nowMs } of replicas) {
    assert(view.watermark === leader.view.assigned, 'PL3: every record reaches all replicas', facts);
    assert(view.start === leader.view.start, 'P15: all replicas agree on the start', facts);
    assert(view.producesWaiting === 0, 'PL1: every produce is answered', facts);
    assert(wakeMs === undefined || wakeMs > nowMs, 'an idle partition wants no tick', facts);
  }
}

/** P1, unless an unclean election gave something up. */
export function checkNothingLost({ invariants }: TestCluster, { log }: TestReplica): void {
  for (const batch of invariants.acknowledged) {
    const held = log.batches.find(({ baseOffset }) => baseOffset === batch.baseOffset);
    const isThere = held === undefined ? batch.baseOffset < log.localStart : held.ownedBytes === batch.ownedBytes;
    assert(isThere, 'P1: what was acknowledged is there', () => ({ baseOffset: batch.baseOffset }));
  }
}
