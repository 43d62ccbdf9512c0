/**
 * What a command that asks the cluster runs on, and its one way to ask. Tests hand in a simulated world.
 */
import type { Clock } from '../ports/clock.ts';
import type { Network } from '../ports/stream.ts';
import type { Random } from '../ports/random.ts';
import { uniqueIdFromBytes } from '../base/ids.ts';
import { callCluster, streamFromCluster, type Answered, type ClusterCall, type StreamedCall } from './cluster-call.ts';
import type { CommonOptions } from './command-options.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly terminal: Terminal;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly options: CommonOptions;
}

export function ask<Request, Reply>(
  { network, options }: CommandContext,
  call: ClusterCall<Request, Reply>,
): Promise<Answered<Reply>> {
  return callCluster(network, options, call);
}

/** Ends like a unary call does, after the last reply. */
export function streamCluster<Request, Reply>(
  { network, options }: CommandContext,
  call: StreamedCall<Request, Reply>,
): Promise<void> {
  return streamFromCluster(network, options, call);
}

/** The same for every node that is tried, so that a change is made once whichever of them makes it. */
export function newRequestId({ random }: CommandContext): string {
  return uniqueIdFromBytes(random.bytes(16));
}
