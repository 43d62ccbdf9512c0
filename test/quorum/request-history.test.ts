/**
 * The verdict over what clients were told, shown histories that are wrong in one way each.
 */
import { expect, test } from 'vitest';
import { logIndex } from '../../src/base/raft-position.ts';
import type { MetadataRequest } from '../../src/metadata/metadata-command.ts';
import type { MetadataRecord } from '../../src/metadata/metadata-record.ts';
import type { MetadataReply } from '../../src/quorum/metadata-quorum.ts';
import { metadataBatchCodec } from '../../src/wire/metadata-log-codec.ts';
import { deleteTopic } from '../metadata/decide-fixture.ts';
import { active, created, partitionOn, placed, registered, topicOf } from '../metadata/metadata-fixture.ts';
import { FoldedLog } from './folded-log.ts';
import { RequestHistory } from './request-history.ts';

const deletion: MetadataRequest = { requestId: 'delete', command: deleteTopic('a') };
const answer = { type: 'topic-deleted', topicId: topicOf(1), name: 'a' } as const;
const done = (revision: number): MetadataReply => ({ type: 'done', answer, revision: logIndex(revision) });
const notFound = (revision: number): MetadataReply => ({
  type: 'refused',
  problem: { type: 'topic-not-found', topic: { by: 'name', name: 'a', topicId: undefined } },
  revision: logIndex(revision),
});

/** 1: a topic, 2: nothing, 3: it is deleted by the request, 4: nothing. */
function log(): FoldedLog {
  const folded = new FoldedLog();
  const make: readonly MetadataRecord[] = [registered(1), active(1), created(1, 'a'), placed(1, partitionOn(1))];
  folded.append(metadataBatchCodec.encode({ number: 1, request: undefined, records: make }));
  folded.append(undefined);
  const records: readonly MetadataRecord[] = [{ type: 'topic-deleted', topicId: topicOf(1) }];
  folded.append(metadataBatchCodec.encode({ number: 2, request: { requestId: 'delete', answer }, records }));
  folded.append(undefined);
  return folded;
}

function flawOf(tell: (history: RequestHistory) => void): string | undefined {
  const history = new RequestHistory(log());
  tell(history);
  history.checkLog();
  return history.flaw?.what;
}

function ask(history: RequestHistory, request: MetadataRequest, ...replies: readonly MetadataReply[]): void {
  const asked = history.add(request);
  for (const reply of replies) {
    asked.mayBeDone += 1;
    history.onReply(asked, reply);
  }
}

const again: MetadataRequest = { ...deletion, requestId: 'again' };

test('a history that one node could have told has no flaw', () => {
  const flaw = flawOf((history) => {
    ask(history, deletion, { type: 'outcome-unknown' }, done(3), done(3));
    ask(history, again, notFound(4));
    history.onRead(4, 3);
  });
  expect(flaw).toBeUndefined();
});

test.each<[string, string, (history: RequestHistory) => void]>([
  [
    'a command is answered and not carried out',
    'M2: an answer holds',
    (history) => {
      ask(history, again, done(4));
    },
  ],
  [
    'a refusal that does not hold there',
    'M2: an answer holds',
    (history) => {
      ask(history, again, notFound(2));
    },
  ],
  [
    'a revision that is not committed',
    'M2: an answer names',
    (history) => {
      ask(history, again, notFound(9));
    },
  ],
  [
    'a second answer that differs',
    'M10: a request is answered',
    (history) => {
      ask(history, deletion, done(3));
      ask(history, { ...deletion }, { type: 'done', answer: { ...answer, name: 'b' }, revision: logIndex(3) });
    },
  ],
  [
    'an effect of what had none',
    'M2: what had no effect',
    (history) => {
      ask(history, deletion, { type: 'not-served', problem: { type: 'not-serving' } });
    },
  ],
  [
    'an answer from before what was told',
    'M2: what was told before',
    (history) => {
      ask(history, deletion, done(3));
      ask(history, again, notFound(2));
    },
  ],
  [
    'a read of the past',
    'R10: a read sees',
    (history) => {
      history.onRead(2, 3);
    },
  ],
])('noticed: %s', (_what, flaw, tell) => {
  expect(flawOf(tell)).toContain(flaw);
});
