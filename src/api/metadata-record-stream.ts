/**
 * GetMetadataRecords: the committed log as a stream, as fast as its reader gives credit.
 *
 * One run of records is read and sent at a time, so a reader that stops costs one run of memory. Whoever follows
 * owns no timer: the next run is read when the state machine has applied more.
 */
import { logIndex, nextIndex, type LogIndex } from '../base/raft-position.ts';
import type { Result } from '../base/result.ts';
import type { CommittedRecords } from '../quorum/committed-records.ts';
import {
  metadataRecordsReplyCodec,
  metadataRecordsRequestCodec,
  type MetadataRecordsRequest,
} from '../wire/metadata-record-messages.ts';
import type { ApiProblem } from './api-problem.ts';
import { serverStreamMethod, type StreamedCall, type StreamedWork } from './server-stream-method.ts';
import type { Method } from './service-table.ts';

const runBytesMax = 64 * 1024;

export function metadataRecordStream(find: () => Result<CommittedRecords, ApiProblem>): Method {
  return serverStreamMethod(metadataRecordsRequestCodec, (call) => {
    const records = find();
    if (records.ok) return new RecordPump(call, records.value);
    call.refuse(records.problem);
    return { onRoom() {}, onEnd() {} };
  });
}

class RecordPump implements StreamedWork {
  readonly #call: StreamedCall<MetadataRecordsRequest>;
  readonly #records: CommittedRecords;
  readonly #forgetMore: () => void;
  #next: LogIndex;
  #left: number;
  #isReading = false;

  constructor(call: StreamedCall<MetadataRecordsRequest>, records: CommittedRecords) {
    const { fromIndex, limit, follow } = call.request;
    this.#call = call;
    this.#records = records;
    this.#next = logIndex(fromIndex === 0 ? records.firstIndex : fromIndex);
    this.#left = limit === 0 ? Number.POSITIVE_INFINITY : limit;
    this.#forgetMore = follow ? records.onMore(() => this.onRoom()) : () => {};
  }

  onRoom(): void {
    const { mayReply, request, onBug } = this.#call;
    if (this.#isReading) return;
    if (this.#records.isClosed) return this.#call.refuse(closed);
    if (!mayReply) return;
    const isAtEnd = this.#next > this.#records.lastIndex;
    if (this.#left === 0 || (isAtEnd && !request.follow)) return this.#call.finish();
    if (isAtEnd) return;
    this.#isReading = true;
    this.#sendRun().then(() => {
      this.#isReading = false;
      this.onRoom();
    }, onBug);
  }

  onEnd(): void {
    this.#forgetMore();
  }

  async #sendRun(): Promise<void> {
    const run = await this.#records.read(this.#next, runBytesMax);
    if (!run.ok) return this.#call.refuse(compactedAway(this.#next, run.problem.firstIndex));
    const wanted = run.value.slice(0, this.#left);
    const last = wanted.at(-1);
    if (last === undefined) return undefined;
    this.#call.reply(metadataRecordsReplyCodec.encode(wanted));
    this.#next = nextIndex(last.index);
    this.#left -= wanted.length;
    return undefined;
  }
}

const closed: ApiProblem = {
  error: 'node-stopping',
  message: 'this node is stopping; follow the log on another node of the cluster',
};

function compactedAway(wanted: LogIndex, firstIndex: LogIndex): ApiProblem {
  return {
    error: 'offset-out-of-range',
    message: `record ${wanted} was replaced by a snapshot; the log begins at ${firstIndex} now`,
    metadata: { first_index: String(firstIndex) },
  };
}
