/**
 * Planted bugs of the administrative services: A for API. What each breaks is the name of a test.
 */
import type { Mutant } from './mutant.ts';

type Plan = Pick<Mutant, 'id' | 'bug' | 'file' | 'find' | 'replace' | 'breaks'>;

const page = 'src/api/list-page.ts';
const watch = 'src/api/metadata-watch.ts';
const history = 'src/api/metadata-history.ts';
const door = 'src/api/metadata-door.ts';

const plans: readonly Plan[] = [
  {
    id: 'A01',
    bug: 'a page begins with the row that the page before ended with',
    file: page,
    find: 'if (key === after) continue;',
    replace: '',
    breaks: /is on exactly one page/,
  },
  {
    id: 'A02',
    bug: 'a full page forgets the row that did not fit',
    file: page,
    find: 'nextPageToken: pageTokenOf(String(last)) };',
    replace: 'nextPageToken: pageTokenOf(String(key)) };',
    breaks: /is on exactly one page/,
  },
  {
    id: 'A03',
    bug: 'a watcher is not told of what changes while it is told everything',
    file: watch,
    find: 'for (const topicId of topics) this.#topics.add(topicId);',
    replace: 'if (this.#whole === undefined) for (const topicId of topics) this.#topics.add(topicId);',
    breaks: /while everything is being told/,
  },
  {
    id: 'A04',
    bug: 'a watcher keeps what it was to forget',
    file: watch,
    find: 'const isRestart = !whole.isBegun;',
    replace: 'const isRestart = false;',
    breaks: /knows the metadata|tells everything/,
  },
  {
    id: 'A05',
    bug: 'a watcher that comes back misses the change right after the one that it had',
    file: history,
    find: 'if (change === undefined || change.revision <= revision) break;',
    replace: 'if (change === undefined || change.revision <= revision + 1) break;',
    breaks: /goes on where a watcher was|knows the metadata/,
  },
  {
    id: 'A06',
    bug: 'a watcher that was away for too long is told what little is remembered',
    file: history,
    find: 'if (revision < this.#knownAfter) return undefined;',
    replace: '',
    breaks: /to whoever was away for too long/,
  },
  {
    id: 'A07',
    bug: 'a fenced broker is shown as one to send records to',
    file: watch,
    find: "if (broker === undefined || broker.state === 'fenced') removedBrokerIds.push(brokerId);",
    replace: 'if (broker === undefined) removedBrokerIds.push(brokerId);',
    breaks: /each change as it is committed|knows the metadata/,
  },
  {
    id: 'A08',
    bug: 'a question does not wait for what was acknowledged before it',
    file: door,
    find: 'if (current.value > wanted) wanted = current.value;',
    replace: '',
    breaks: /waits for what was acknowledged elsewhere/,
  },
  {
    id: 'A09',
    bug: 'every attempt of a caller is a request of its own',
    file: door,
    find: 'const id = requestId ?? uniqueIdFromBytes(random.bytes(16));',
    replace: 'const id = uniqueIdFromBytes(random.bytes(16));',
    breaks: /a repetition under the same request id|made once, however many nodes/,
  },
  {
    id: 'A10',
    bug: 'a caller that has seen more than the node has is shown less',
    file: door,
    find: 'const seen = logIndex(metadataRevision ?? 0);',
    replace: 'const seen = logIndex((metadataRevision ?? 0) * 0);',
    breaks: /shown less than it has seen|has seen more than this node has/,
  },
  {
    id: 'A11',
    bug: 'a number that no enum has reads as the first one',
    file: 'src/wire/request-fields.ts',
    find: "names.get(wire ?? 0) ?? unreadable(field, wire ?? 0, `one of ${[...names.values()].join(', ')}`),",
    replace: '(names.get(wire ?? 0) ?? [...names.values()][0]) as Name,',
    breaks: /an impossible consistency is refused/,
  },
  {
    id: 'A12',
    bug: 'the memory of a snapshot that was sent is never given back',
    file: 'src/api/snapshot-stream.ts',
    find: 'open -= 1;',
    replace: '',
    breaks: /the snapshot of every node is the metadata/,
  },
];

const streamPlans: readonly Plan[] = [
  {
    id: 'A13',
    bug: 'a stream of fetches sends on to a caller that has no room',
    file: 'src/api/fetch-stream.ts',
    find: 'while (!this.#isClosed && stream.creditBytes > 0) {',
    replace: 'while (!this.#isClosed) {',
    breaks: /a reader that is stuck holds up its own stream/,
  },
  {
    id: 'A14',
    bug: 'what was read for a subscription that is over is still sent',
    file: 'src/api/fetch-stream.ts',
    find: `    this.#forget(subscription);
    this.#replies = this.#replies.filter(({ of }) => of !== subscription);`,
    replace: '    this.#subscriptions.delete(nameOf(subscription.place));',
    breaks: /what is unsubscribed is heard of no more/,
  },
  {
    id: 'A15',
    bug: 'a stream of requests to produce that its caller has ended ends before they are answered',
    file: 'src/api/produce-stream.ts',
    find: 'if (this.#isClosed || !this.#hasEnded || this.#waiting > 0) return;',
    replace: 'if (this.#isClosed || !this.#hasEnded) return;',
    breaks: /requests that are under way when the caller ends its half are answered/,
  },
  {
    id: 'A16',
    bug: 'streams of records go on while their node stops',
    file: 'src/node/start-node.ts',
    find: '    this.#streams.close();\n',
    replace: '',
    breaks: /the end of a leadership is told|a leader that hands over says who leads/,
  },
];

export const apiMutants: readonly Mutant[] = [
  ...plans.map((plan) => ({
    ...plan,
    tests: ['test/api', 'test/wire/admin-messages.test.ts', 'test/node/admin-services.test.ts'],
  })),
  ...streamPlans.map((plan) => ({ ...plan, tests: ['test/node/log-streams.test.ts'] })),
];
