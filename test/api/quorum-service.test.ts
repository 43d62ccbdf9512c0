/**
 * QuorumService with a real quorum behind it: voters of a simulated world, asked through the service table.
 */
import { expect, test } from 'vitest';
import { directoryId, voterId } from '../../src/base/ids.ts';
import { indexZero, logIndex } from '../../src/base/raft-position.ts';
import { ok, refused } from '../../src/base/result.ts';
import type { ApiProblem } from '../../src/api/api-problem.ts';
import { quorumService, type QuorumView } from '../../src/api/quorum-service.ts';
import type { CommittedRecords } from '../../src/quorum/committed-records.ts';
import type { QuorumAnswer, QuorumCall } from '../../src/quorum/quorum-calls.ts';
import { metadataRecordsReplyCodec, metadataRecordsRequestCodec } from '../../src/wire/metadata-record-messages.ts';
import {
  addVoterReplyCodec,
  addVoterRequestCodec,
  removeVoterRequestCodec,
  transferLeadershipRequestCodec,
} from '../../src/wire/voter-change-messages.ts';
import { odradek } from '../../src/wire/generated/messages.js';
import { SimulatedQuorum } from '../quorum/simulated-quorum.ts';
import { detailsOf, malformedBytes, TestServer } from './service-host.ts';

const service = 'odradek.v1.QuorumService';
const newcomer = {
  voterId: voterId(4),
  directoryId: directoryId('d'.repeat(32)),
  peerEndpoint: 'v4:7181',
  apiEndpoint: 'v4:7081',
};

/** Answers every call with the same, and notes what was asked. */
function serverAnswering(answer: QuorumAnswer): { server: TestServer; asked: QuorumCall[] } {
  const asked: QuorumCall[] = [];
  const view: QuorumView = {
    describe: () => expect.unreachable(),
    records: () => expect.unreachable(),
    image: () => expect.unreachable(),
    ask: async (call) => {
      asked.push(call);
      return ok(answer);
    },
  };
  return { server: new TestServer([quorumService(view)]), asked };
}

test('AddVoter passes the new voter on and answers with the record that made it one', async () => {
  const { server, asked } = serverAnswering({ type: 'done', index: logIndex(42), reply: new Uint8Array(0) });
  const change = { type: 'add', voter: newcomer } as const;
  const { reply } = await server.ask(
    `${service}/AddVoter`,
    addVoterRequestCodec.encode({ change, validateOnly: false }),
  );
  expect(addVoterReplyCodec.decode(reply ?? malformedBytes)).toEqual(ok({ index: 42 }));
  expect(asked).toEqual([{ type: 'change-voters', change }]);
});

test('every refusal of the leader has its own reason, and says what next', async () => {
  const refusals = [
    [{ type: 'already-a-voter' }, 'DUPLICATE_VOTER'],
    [{ type: 'not-a-voter' }, 'VOTER_NOT_FOUND'],
    [{ type: 'change-in-progress' }, 'VOTER_CHANGE_REFUSED'],
    [{ type: 'last-voter' }, 'VOTER_CHANGE_REFUSED'],
    [{ type: 'not-leader', leader: undefined }, 'NOT_CONTROLLER'],
    [{ type: 'limit-reached', limit: 'uncommittedBytesMax' }, 'LIMIT_REACHED'],
  ] as const;
  for (const [problem, reason] of refusals) {
    const { server } = serverAnswering({ type: 'refused', problem });
    const change = { type: 'remove', voterId: newcomer.voterId, directoryId: newcomer.directoryId } as const;
    const request = removeVoterRequestCodec.encode({ change, validateOnly: false });
    const { status } = await server.ask(`${service}/RemoveVoter`, request);
    expect(detailsOf(status).reason).toBe(reason);
  }
  const { server } = serverAnswering({ type: 'outcome-unknown' });
  const { status } = await server.ask(
    `${service}/TransferLeadership`,
    transferLeadershipRequestCodec.encode({ target: undefined }),
  );
  expect(detailsOf(status).reason).toBe('OUTCOME_UNKNOWN');
});

test('a voter without a number, a directory or an endpoint is refused before the quorum hears of it', async () => {
  const { server, asked } = serverAnswering({ type: 'outcome-unknown' });
  const whole = {
    nodeId: 4,
    directoryId: newcomer.directoryId,
    peerEndpoint: newcomer.peerEndpoint,
    apiEndpoint: newcomer.apiEndpoint,
  };
  for (const flaw of [{ nodeId: 0 }, { directoryId: 'abc' }, { peerEndpoint: 'v4' }, { apiEndpoint: 'v4:0' }]) {
    const request = odradek.v1.AddVoterRequest.encode({ ...whole, ...flaw }).finish();
    const { status } = await server.ask(`${service}/AddVoter`, request);
    expect(detailsOf(status).reason).toBe('INVALID_REQUEST');
  }
  expect(asked).toEqual([]);
});

/** A started quorum of one, its view, and a way to let its time pass while a call is open. */
async function livingQuorum(): Promise<{ quorum: SimulatedQuorum; server: TestServer }> {
  const quorum = new SimulatedQuorum({ voters: 1, snapshotLimits: { entriesBetweenSnapshots: 20, keptEntries: 5 } });
  quorum.start();
  await quorum.untilLeader();
  const { voter } = quorum.node(1);
  if (voter === undefined) throw new Error('the voter runs');
  const notYet: ApiProblem = { error: 'node-starting', message: 'not yet' };
  const view: QuorumView = {
    describe: () => ok(voter.describe()),
    ask: async (call) => ok(await voter.ask(call, 1000)),
    records: () => (voter.records === undefined ? refused(notYet) : ok<CommittedRecords>(voter.records)),
    image: () => expect.unreachable(),
  };
  return { quorum, server: new TestServer([quorumService(view)]) };
}

function recordsIn(messages: readonly Uint8Array[]): string[] {
  return messages.flatMap((message) => {
    const records = metadataRecordsReplyCodec.decode(message);
    if (!records.ok) throw new Error(records.problem.why);
    return records.value.map(({ index, payload }) => `${index} ${payload.type}`);
  });
}

const everything = { fromIndex: indexZero, limit: 0, follow: false };

test('validate_only judges by the quorum as it is and changes nothing', async () => {
  const { quorum, server } = await livingQuorum();
  const { voters, commitIndex } = quorum.node(1).voter?.describe() ?? { voters: [], commitIndex: 0 };
  const add = { change: { type: 'add', voter: newcomer }, validateOnly: true } as const;
  const added = await server.ask(`${service}/AddVoter`, addVoterRequestCodec.encode(add));
  expect(addVoterReplyCodec.decode(added.reply ?? malformedBytes)).toEqual(ok({ index: 0 }));
  const [only] = voters;
  const change = {
    type: 'remove',
    voterId: voterId(1),
    directoryId: only?.directoryId ?? newcomer.directoryId,
  } as const;
  const removed = await server.ask(
    `${service}/RemoveVoter`,
    removeVoterRequestCodec.encode({ change, validateOnly: true }),
  );
  expect(detailsOf(removed.status).reason).toBe('VOTER_CHANGE_REFUSED');
  expect(quorum.node(1).voter?.describe().commitIndex).toBe(commitIndex);
});

test('GetMetadataRecords ends at the last committed record, or after as many as were asked for', async () => {
  const { quorum, server } = await livingQuorum();
  // After the levels of features that every cluster begins with, and the broker that counts.
  await quorum.count(quorum.node(1), 'a');
  for (const [request, expected] of [
    [everything, ['1 no-op', '2 command', '3 command', '4 command']],
    [{ ...everything, limit: 2 }, ['1 no-op', '2 command']],
    [{ ...everything, fromIndex: logIndex(4) }, ['4 command']],
    [{ ...everything, fromIndex: logIndex(9) }, []],
  ] as const) {
    const call = server
      .call(`${service}/GetMetadataRecords`)
      .message(metadataRecordsRequestCodec.encode(request))
      .end();
    await quorum.until(() => call.status !== undefined);
    expect(call.status?.name).toBe('ok');
    expect(recordsIn(call.sent)).toEqual(expected);
  }
});

test('GetMetadataRecords follows the log as it grows, at the pace of its reader', async () => {
  const { quorum, server } = await livingQuorum();
  await quorum.count(quorum.node(1), 'first');
  const request = metadataRecordsRequestCodec.encode({ ...everything, fromIndex: logIndex(4), follow: true });
  const call = server.call(`${service}/GetMetadataRecords`, { creditBytes: 1 }).message(request).end();
  await quorum.until(() => call.sent.length === 1);
  await quorum.count(quorum.node(1), 'a');
  await quorum.pass(100);
  expect(recordsIn(call.sent)).toEqual(['4 command']);
  call.grantCredit(1000);
  await quorum.until(() => call.sent.length === 2);
  await quorum.count(quorum.node(1), 'b');
  await quorum.until(() => call.sent.length === 3);
  expect(recordsIn(call.sent)).toEqual(['4 command', '5 command', '6 command']);
  call.hangUp();
  await quorum.count(quorum.node(1), 'c');
  expect(call.sent).toHaveLength(3);
});

test('who follows the log is sent away when the node stops', async () => {
  const { quorum, server } = await livingQuorum();
  await quorum.count(quorum.node(1), 'first');
  const request = metadataRecordsRequestCodec.encode({ ...everything, fromIndex: logIndex(4), follow: true });
  const call = server.call(`${service}/GetMetadataRecords`).message(request).end();
  await quorum.until(() => call.sent.length === 1);
  quorum.node(1).voter?.records?.close();
  if (call.status === undefined) throw new Error('the call ended');
  expect(detailsOf(call.status).reason).toBe('NODE_STOPPING');
});

test('GetMetadataRecords from before the log says where it begins', async () => {
  const { quorum, server } = await livingQuorum();
  for (let number = 0; number < 40; number += 1) await quorum.count(quorum.node(1), `request ${number}`);
  await quorum.until(() => (quorum.node(1).voter?.describe().firstIndex ?? 0) > 10);
  const request = metadataRecordsRequestCodec.encode({ ...everything, fromIndex: logIndex(1) });
  const call = server.call(`${service}/GetMetadataRecords`).message(request).end();
  await quorum.until(() => call.status !== undefined);
  if (call.status === undefined) throw new Error('the call ended');
  const { reason, metadata } = detailsOf(call.status);
  expect(reason).toBe('OFFSET_OUT_OF_RANGE');
  expect(Number(metadata['first_index'])).toBe(quorum.node(1).voter?.describe().firstIndex);
});
