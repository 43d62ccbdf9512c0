/**
 * What a node is told about itself and its cluster, and the rules that hold between the parts of it.
 */
import { hostAndPort, isLoopback } from '../base/endpoint.ts';
import type { NodeId, VoterId } from '../base/ids.ts';
import { ok, refused, type Result } from '../base/result.ts';

/** What a process runs. Brokers join when there are partitions to own. */
export type NodeRole = 'quorum';

export interface VoterAddress {
  readonly voterId: VoterId;
  readonly peerEndpoint: string;
}

export interface ElectionTiming {
  readonly heartbeatMs: number;
  readonly electionTimeoutMsMin: number;
  readonly electionTimeoutMsMax: number;
}

export interface NodeConfig {
  readonly nodeId: NodeId;
  readonly roles: readonly NodeRole[];
  /** Release of the software, for people and GetServerInfo. */
  readonly version: string;
  readonly apiListen: string;
  readonly peerListen: string;
  /** The voters that found the quorum, this node included; empty when this node is the only one. */
  readonly voters: readonly VoterAddress[];
  readonly electionTiming: ElectionTiming;
  readonly messageBytesMax: number;
  readonly callsOpenMax: number;
  readonly stopGraceMs: number;
  /** Listeners on other addresses than loopback are allowed although nothing is encrypted or checked. */
  readonly insecureNetworkAllowed: boolean;
}

/** Every rule that is broken, as a sentence that says what to change. */
export function checkNodeConfig(config: NodeConfig): Result<void, readonly string[]> {
  const problems = [...votersProblems(config), ...timingProblems(config.electionTiming), ...exposureProblems(config)];
  return problems.length === 0 ? ok(undefined) : refused(problems);
}

function votersProblems({ voters, nodeId }: NodeConfig): string[] {
  const ids = voters.map(({ voterId }) => voterId);
  const problems: string[] = [];
  if (new Set(ids).size !== ids.length) problems.push('two voters share one id; give each its own');
  if (ids.length > 0 && !ids.some((id) => id === nodeId))
    problems.push(`node ${nodeId} is not among the voters ${ids.join(', ')}; add it, or correct the node's id`);
  return problems;
}

function timingProblems({ heartbeatMs, electionTimeoutMsMin, electionTimeoutMsMax }: ElectionTiming): string[] {
  const problems: string[] = [];
  if (electionTimeoutMsMin < 2 * heartbeatMs)
    problems.push(
      `the shortest election timeout (${electionTimeoutMsMin}ms) is less than 2 heartbeats of ${heartbeatMs}ms, ` +
        'so one lost heartbeat would start an election; raise it',
    );
  if (electionTimeoutMsMax <= electionTimeoutMsMin)
    problems.push(
      `the longest election timeout (${electionTimeoutMsMax}ms) is not above the shortest (${electionTimeoutMsMin}ms), ` +
        'so voters would ask at the same moment; raise it',
    );
  return problems;
}

function exposureProblems({ apiListen, peerListen, insecureNetworkAllowed }: NodeConfig): string[] {
  if (insecureNetworkAllowed) return [];
  return [apiListen, peerListen]
    .filter((listen) => !isLoopback(hostAndPort(listen)))
    .map(
      (listen) =>
        `${listen} can be reached from other machines, and nothing is encrypted or access-checked yet; ` +
        'listen on 127.0.0.1, or accept the danger with security.allow_insecure_network=true',
    );
}
