/**
 * Writes histories by hand, a line or a pair of lines a call, with time passing by itself. One topic, `orders`, unless
 * a partition says otherwise.
 */
import type {
  HistoryLine,
  HistoryPartition,
  HistoryValue,
  LocatedValue,
  SendTerms,
} from '../../src/testing/log-history.ts';

export type Ended = 'ok' | 'fail' | 'info';
/** `ok` with the offset that the answer told. */
export type SendEnd = number | Ended;
/** An entry of a transaction: a send to a partition, or a poll of one. */
export type Part =
  | readonly ['send', value: HistoryValue, at?: number | undefined, partition?: number]
  | readonly ['poll', pairs: readonly LocatedValue[], partition?: number];

export const orders = (partition: number): HistoryPartition => ({ topic: 'orders', partition });

export class HistoryScript {
  readonly lines: HistoryLine[] = [];

  /** From the beginning of a send to its end, with nothing in between. */
  send(process: number, value: HistoryValue, end: SendEnd, more: SendTerms & { in?: number } = {}): this {
    return this.beginSend(process, value, more).endSend(process, value, end, more.in);
  }

  beginSend(process: number, value: HistoryValue, more: SendTerms & { in?: number } = {}): this {
    const { in: partition = 0, ...terms } = more;
    return this.#write({ ...this.#moment(process), type: 'invoke', f: 'send', ...orders(partition), value, ...terms });
  }

  endSend(process: number, value: HistoryValue, end: SendEnd, partition = 0): this {
    const common = { ...this.#moment(process), f: 'send', ...orders(partition) } as const;
    if (typeof end === 'number') return this.#write({ ...common, type: 'ok', value: [end, value] });
    return this.#write({ ...common, type: end, value });
  }

  poll(process: number, pairs: readonly LocatedValue[], partition = 0): this {
    return this.beginPoll(process).endPoll(process, pairs, partition);
  }

  beginPoll(process: number): this {
    return this.#write({ ...this.#moment(process), type: 'invoke', f: 'poll' });
  }

  endPoll(process: number, pairs: readonly LocatedValue[], partition = 0): this {
    return this.#write({ ...this.#moment(process), type: 'ok', f: 'poll', ...orders(partition), value: pairs });
  }

  transaction(process: number, end: Ended, parts: readonly Part[]): this {
    return this.beginTransaction(process, parts).endTransaction(process, end, parts);
  }

  /** Offsets and what was polled are known at the end. */
  beginTransaction(process: number, parts: readonly Part[]): this {
    const value = parts.map((part) => {
      return part[0] === 'poll'
        ? ({ f: 'poll' } as const)
        : ({ f: 'send', ...orders(part[3] ?? 0), value: part[1] } as const);
    });
    return this.#write({ ...this.#moment(process), type: 'invoke', f: 'txn', value });
  }

  endTransaction(process: number, end: Ended, parts: readonly Part[]): this {
    const value = parts.map((part) => {
      if (part[0] === 'poll') return { f: 'poll', ...orders(part[2] ?? 0), value: part[1] } as const;
      const [, sent, at, partition = 0] = part;
      return { f: 'send', ...orders(partition), value: at === undefined ? sent : ([at, sent] as const) } as const;
    });
    return this.#write({ ...this.#moment(process), type: end, f: 'txn', value });
  }

  assign(process: number, offset?: number, end: Ended = 'ok'): this {
    const value = [{ ...orders(0), ...(offset === undefined ? {} : { offset }) }];
    return this.#write({ ...this.#moment(process), type: end, f: 'assign', value });
  }

  subscribe(process: number): this {
    return this.#write({ ...this.#moment(process), type: 'ok', f: 'subscribe', value: ['orders'] });
  }

  commit(process: number, offset: number): this {
    return this.#write({ ...this.#moment(process), type: 'ok', f: 'commit', value: [{ ...orders(0), offset }] });
  }

  crash(process: number): this {
    return this.#write({ ...this.#moment(process), type: 'info', f: 'crash' });
  }

  fault(value: string): this {
    return this.#write({ ...this.#moment(0), type: 'info', f: 'fault', value });
  }

  #moment(process: number): { t: number; process: number } {
    return { t: this.lines.length, process };
  }

  #write(line: HistoryLine): this {
    this.lines.push(line);
    return this;
  }
}

export function script(): HistoryScript {
  return new HistoryScript();
}
