/**
 * What a node is told about itself and its cluster, and the rules that hold between the parts of it.
 */
import { hostAndPort, isEveryAddress, isLoopback } from '../base/endpoint.ts';
import type { NodeId, VoterId } from '../base/ids.ts';
import type { ScrubPace } from '../broker/log-scrubber.ts';
import { ok, refused, type Result } from '../base/result.ts';

/** What a process runs: a voter, a broker, or both. */
export type NodeRole = 'quorum' | 'broker';

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
  /** Where others are told to reach it; undefined: where it listens. */
  readonly apiAdvertised: string | undefined;
  readonly peerAdvertised: string | undefined;
  /**
   * The voters that found the quorum, a voter itself included; empty for a voter that is the only one. For a node
   * without a vote: voters to ask who else there is, one at least.
   */
  readonly voters: readonly VoterAddress[];
  readonly electionTiming: ElectionTiming;
  /** Where the broker stands, so that the copies of a partition are spread; undefined: nobody says. */
  readonly rack: string | undefined;
  /** What followers that are behind are given at least, all together. */
  readonly catchUpBytesPerSecondMin: number;
  /** How the broker looks for damage in what it keeps. */
  readonly scrubPace: ScrubPace;
  /** Clients that write to a topic that is not there get one, if they say that they want that. */
  readonly topicsOnFirstUse: boolean;
  readonly messageBytesMax: number;
  readonly callsOpenMax: number;
  readonly stopGraceMs: number;
  /** Listeners on other addresses than loopback are allowed although nothing is encrypted or checked. */
  readonly insecureNetworkAllowed: boolean;
}

/** Every rule that is broken, as a sentence that says what to change. */
export function checkNodeConfig(config: NodeConfig): Result<void, readonly string[]> {
  const problems = [
    ...rolesProblems(config),
    ...votersProblems(config),
    ...timingProblems(config.electionTiming),
    ...exposureProblems(config),
    ...reachProblems(config),
  ];
  return problems.length === 0 ? ok(undefined) : refused(problems);
}

function rolesProblems({ roles, rack }: NodeConfig): string[] {
  const problems: string[] = [];
  if (roles.length === 0) problems.push('a node without a role does nothing; let node.roles have quorum or broker');
  if (new Set(roles).size !== roles.length) problems.push('a role is named twice in node.roles; name each once');
  if (rack !== undefined && !roles.includes('broker'))
    problems.push('broker.rack says where a broker stands, and this node is none; add broker to node.roles');
  return problems;
}

function votersProblems({ voters, nodeId, roles }: NodeConfig): string[] {
  const ids = voters.map(({ voterId }) => voterId);
  const problems: string[] = [];
  if (new Set(ids).size !== ids.length) problems.push('two voters share one id; give each its own');
  const isListed = ids.some((id) => id === nodeId);
  if (roles.includes('quorum')) {
    if (ids.length > 0 && !isListed)
      problems.push(
        `node ${nodeId} is not among the voters ${ids.join(', ')}; add it, or correct the node's id, ` +
          'or let node.roles be broker alone',
      );
  } else if (ids.length === 0)
    problems.push('a broker without a vote has to know a voter to join its cluster; name one in quorum.voters');
  else if (isListed)
    problems.push(
      `node ${nodeId} is a broker without a vote, and quorum.voters has a voter of that number; give it another, ` +
        'or add quorum to node.roles',
    );
  return problems;
}

/** An address that stands for all of a machine's is none that others could dial. */
function reachProblems(config: NodeConfig): string[] {
  const { apiListen, peerListen, apiAdvertised, peerAdvertised, voters, nodeId } = config;
  const listed = voters.some(({ voterId }) => voterId === nodeId);
  const unsaid = [
    ...(apiAdvertised === undefined ? [['api', apiListen] as const] : []),
    ...(peerAdvertised === undefined && !listed ? [['peer', peerListen] as const] : []),
  ];
  return unsaid
    .filter(([, listen]) => isEveryAddress(hostAndPort(listen)))
    .map(([name, listen]) => `nobody can dial ${listen}; say where others reach this node with ${name}.advertise`);
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
