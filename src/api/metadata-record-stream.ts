/**
 * GetMetadataRecords: the committed log as a stream, as fast as its reader gives credit.
 *
 * One run of records is read and sent at a time, so a reader that stops costs one run of memory. Whoever follows
 * owns no timer: the next run is read when the state machine has applied more.
 */
import { logIndex, nextIndex, type LogIndex } from '../base/raft-position.ts';
import type { Result } from '../base/result.ts';
import { statusOk } from '../base/status.ts';
import type { AcceptedStream, StreamHandlers } from '../ports/stream.ts';
import type { CommittedRecords } from '../quorum/committed-records.ts';
import {
  metadataRecordsReplyCodec,
  metadataRecordsRequestCodec,
  type MetadataRecordsRequest,
} from '../wire/metadata-record-messages.ts';
import { statusOfProblem, type ApiProblem } from './api-problem.ts';
import type { Method } from './service-table.ts';
import { malformed, undecodable } from './unary-method.ts';

const runBytesMax = 64 * 1024;

export function metadataRecordStream(find: () => Result<CommittedRecords, ApiProblem>): Method {
  return ({ context, stream }, host) => {
    let request: MetadataRecordsRequest | undefined;
    let isRefused = false;
    let pump: RecordPump | undefined;
    const refuse = (problem: ApiProblem): void => {
      if (!isRefused) stream.close(statusOfProblem(problem));
      isRefused = true;
    };
    const handlers: StreamHandlers = {
      onMessage(ownedMessage) {
        stream.release(ownedMessage.length);
        const decoded = metadataRecordsRequestCodec.decode(ownedMessage);
        if (!decoded.ok) refuse(undecodable(context.method, decoded.problem));
        else if (request !== undefined) refuse(malformed(context.method, 'it takes exactly one request'));
        else request = decoded.value;
      },
      onCredit: () => pump?.run(),
      onEnd() {
        if (isRefused) return;
        const records = find();
        if (!records.ok) refuse(records.problem);
        else if (request === undefined) refuse(malformed(context.method, 'it takes exactly one request'));
        else {
          pump = new RecordPump({ stream, request, records: records.value, refuse, onFault: host.onBug });
          pump.run();
        }
      },
      onClose: () => pump?.stop(),
    };
    return handlers;
  };
}

interface PumpOptions {
  readonly stream: AcceptedStream;
  readonly request: MetadataRecordsRequest;
  readonly records: CommittedRecords;
  readonly refuse: (problem: ApiProblem) => void;
  readonly onFault: (fault: unknown) => void;
}

class RecordPump {
  readonly #options: PumpOptions;
  readonly #forgetMore: () => void;
  #next: LogIndex;
  #left: number;
  #isReading = false;
  #isOver = false;

  constructor(options: PumpOptions) {
    const { request, records } = options;
    this.#options = options;
    this.#next = logIndex(request.fromIndex === 0 ? records.firstIndex : request.fromIndex);
    this.#left = request.limit === 0 ? Number.POSITIVE_INFINITY : request.limit;
    this.#forgetMore = request.follow ? records.onMore(() => this.run()) : () => {};
  }

  /** Harmless when there is nothing to do now. */
  run(): void {
    const { stream, records, request, refuse, onFault } = this.#options;
    if (this.#isReading || this.#isOver) return;
    if (records.isClosed) {
      this.stop();
      refuse(closed);
      return;
    }
    if (stream.creditBytes <= 0) return;
    if (this.#left === 0 || (this.#next > records.lastIndex && !request.follow)) {
      this.stop();
      stream.close(statusOk);
      return;
    }
    if (this.#next > records.lastIndex) return;
    this.#isReading = true;
    this.#sendRun().then(() => {
      this.#isReading = false;
      this.run();
    }, onFault);
  }

  stop(): void {
    this.#isOver = true;
    this.#forgetMore();
  }

  async #sendRun(): Promise<void> {
    const { stream, records, refuse } = this.#options;
    const run = await records.read(this.#next, runBytesMax);
    if (this.#isOver) return;
    if (!run.ok) {
      this.stop();
      refuse(compactedAway(this.#next, run.problem.firstIndex));
      return;
    }
    const wanted = run.value.slice(0, this.#left);
    const last = wanted.at(-1);
    if (last === undefined) return;
    stream.send([metadataRecordsReplyCodec.encode(wanted)]);
    this.#next = nextIndex(last.index);
    this.#left -= wanted.length;
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
