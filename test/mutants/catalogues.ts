/**
 * Every catalogue of planted bugs, in one list.
 */
import { brokerMutants } from './broker-mutants.ts';
import { checkerMutants } from './checker-mutants.ts';
import { apiMutants } from './api-mutants.ts';
import { driveMutants } from './drive-mutants.ts';
import { logHistoryMutants } from './log-history-mutants.ts';
import { logMutants } from './log-mutants.ts';
import { metadataMutants } from './metadata-mutants.ts';
import type { Mutant } from './mutant.ts';
import { partitionMutants } from './partition-mutants.ts';
import { quorumMutants } from './quorum-mutants.ts';
import { raftMutants } from './raft-mutants.ts';
import { recordMutants } from './record-mutants.ts';
import { storeMutants } from './store-mutants.ts';
import { transportMutants } from './transport-mutants.ts';

export const catalogues: readonly Mutant[] = [
  ...brokerMutants,
  ...checkerMutants,
  ...apiMutants,
  ...driveMutants,
  ...logMutants,
  ...logHistoryMutants,
  ...metadataMutants,
  ...raftMutants,
  ...quorumMutants,
  ...recordMutants,
  ...storeMutants,
  ...partitionMutants,
  ...transportMutants,
];
