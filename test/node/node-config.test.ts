import { expect, test } from 'vitest';
import { nodeId, voterId } from '../../src/base/ids.ts';
import { checkNodeConfig, type NodeConfig } from '../../src/node/node-config.ts';

const good: NodeConfig = {
  nodeId: nodeId(1),
  roles: ['quorum'],
  rack: undefined,
  catchUpBytesPerSecondMin: 32_000_000,
  scrubPace: { bytesPerSecond: 4_000_000, roundMs: 3_000 },
  version: '0.1.0',
  apiListen: '127.0.0.1:7081',
  peerListen: '[::1]:7181',
  apiAdvertised: undefined,
  peerAdvertised: undefined,
  voters: [
    { voterId: voterId(1), peerEndpoint: '127.0.0.1:7181' },
    { voterId: voterId(2), peerEndpoint: '127.0.0.1:7182' },
  ],
  electionTiming: { heartbeatMs: 100, electionTimeoutMsMin: 300, electionTimeoutMsMax: 600 },
  topicsOnFirstUse: false,
  messageBytesMax: 8 * 1024 * 1024,
  callsOpenMax: 1024,
  stopGraceMs: 5000,
  insecureNetworkAllowed: false,
};

function problemsOf(change: Partial<NodeConfig>): string {
  const rules = checkNodeConfig({ ...good, ...change });
  return rules.ok ? '' : rules.problem.join('\n');
}

test('a sound configuration passes, alone and as one of several voters', () => {
  expect(problemsOf({})).toBe('');
  expect(problemsOf({ voters: [] })).toBe('');
});

test('listening where strangers may call is refused unless the danger is accepted', () => {
  expect(problemsOf({ apiListen: '0.0.0.0:7081' })).toContain('0.0.0.0:7081 can be reached from other machines');
  expect(problemsOf({ peerListen: 'node1.example:7181' })).toContain('security.allow_insecure_network=true');
  expect(problemsOf({ apiListen: 'node1.example:7081', insecureNetworkAllowed: true })).toBe('');
});

test('a node that listens on all addresses says where it can be reached', () => {
  const open = { apiListen: '0.0.0.0:7081', peerListen: '[::]:7181', insecureNetworkAllowed: true };
  expect(problemsOf(open)).toBe('nobody can dial 0.0.0.0:7081; say where others reach this node with api.advertise');
  expect(problemsOf({ ...open, voters: [] })).toContain('nobody can dial [::]:7181');
  expect(problemsOf({ ...open, apiAdvertised: 'node1.example:7081' })).toBe('');
});

test('a broker without a vote names a voter, and is none itself', () => {
  const alone = { roles: ['broker'], nodeId: nodeId(3) } as const;
  expect(problemsOf(alone)).toBe('');
  expect(problemsOf({ ...alone, voters: [] })).toContain('has to know a voter to join its cluster');
  expect(problemsOf({ ...alone, nodeId: nodeId(2) })).toContain('quorum.voters has a voter of that number');
  expect(problemsOf({ roles: [] })).toContain('a node without a role does nothing');
});

test('a node that is no voter, or a voter that is there twice, is refused', () => {
  expect(problemsOf({ nodeId: nodeId(3) })).toContain('node 3 is not among the voters 1, 2');
  expect(problemsOf({ voters: [...good.voters, ...good.voters] })).toContain('two voters share one id');
});

test('timings that would start needless elections are refused', () => {
  const timing = good.electionTiming;
  expect(problemsOf({ electionTiming: { ...timing, heartbeatMs: 200 } })).toContain('less than 2 heartbeats');
  expect(problemsOf({ electionTiming: { ...timing, electionTimeoutMsMax: 300 } })).toContain('ask at the same moment');
});
