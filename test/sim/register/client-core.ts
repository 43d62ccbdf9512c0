/**
 * A client of the toy register, as a core: the algorithm of Attiya, Bar-Noy and Dolev.
 *
 * Every operation asks a majority for its newest version, then stores a version on a majority: a write its own, one
 * newer than all it saw; a read the newest it saw, so that no later read can see an older one.
 */
import { assert, assertUnreachable } from '../../../src/base/assert.ts';
import type { StateMachine } from '../../../src/base/state-machine.ts';
import { firstVersion, newest, type Message, type Version } from './register-messages.ts';
import type { ToyBug } from './toy-bug.ts';

export interface Operation {
  readonly id: number;
  readonly register: number;
  readonly kind: 'read' | 'write';
  /** What is written. */
  readonly value: number;
}

export type ClientEvent =
  | { readonly type: 'invoked'; readonly operation: Operation }
  | { readonly type: 'answered'; readonly by: number; readonly message: Message }
  /** Time has passed; ask again whoever has not answered. */
  | { readonly type: 'tick' };

export type ClientEffect =
  | { readonly type: 'ask'; readonly replica: number; readonly message: Message }
  /** Nothing has come from there for long: the stream may be half-open. */
  | { readonly type: 'reconnect'; readonly replica: number }
  | { readonly type: 'complete'; readonly operation: Operation; readonly value: number };

interface Phase {
  readonly operation: Operation;
  readonly message: Message;
  readonly answers: Map<number, Version>;
  ticks: number;
}

export interface ClientOptions {
  readonly replicas: number;
  readonly writer: number;
  readonly bug: ToyBug | undefined;
}

/** Ticks without an answer after which a stream is given up. */
const ticksUntilReconnect = 8;

export class ClientCore implements StateMachine<ClientEvent, ClientEffect> {
  readonly #options: ClientOptions;
  readonly #quorum: number;
  #phase: Phase | undefined;
  #requests = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#quorum = options.bug === 'takes one replica for a quorum' ? 1 : Math.floor(options.replicas / 2) + 1;
  }

  get isIdle(): boolean {
    return this.#phase === undefined;
  }

  step(event: ClientEvent): readonly ClientEffect[] {
    switch (event.type) {
      case 'invoked':
        assert(this.isIdle, 'a client does one thing at a time');
        return this.#begin(event.operation, { kind: 'query', version: firstVersion });
      case 'answered':
        return this.#onAnswer(event.by, event.message);
      case 'tick':
        return this.#onTick();
      default:
        return assertUnreachable(event);
    }
  }

  #begin(operation: Operation, ask: Pick<Message, 'kind' | 'version'>): readonly ClientEffect[] {
    this.#requests += 1;
    const message: Message = { ...ask, request: this.#requests, register: operation.register };
    this.#phase = { operation, message, answers: new Map(), ticks: 0 };
    return this.#askTheSilent(this.#phase);
  }

  #onAnswer(by: number, answer: Message): readonly ClientEffect[] {
    const phase = this.#phase;
    if (phase === undefined || answer.request !== phase.message.request) return [];
    phase.answers.set(by, answer.version);
    if (phase.answers.size < this.#quorum) return [];
    const { operation, message } = phase;
    if (message.kind === 'store') return this.#complete(operation, message.version);

    const found = newest(phase.answers.values());
    if (operation.kind === 'write') {
      const tag = { number: found.tag.number + 1, writer: this.#options.writer };
      return this.#begin(operation, { kind: 'store', version: { tag, value: operation.value } });
    }
    if (this.#options.bug === 'reads without writing back') return this.#complete(operation, found);
    return this.#begin(operation, { kind: 'store', version: found });
  }

  #complete(operation: Operation, { value }: Version): readonly ClientEffect[] {
    this.#phase = undefined;
    return [{ type: 'complete', operation, value }];
  }

  #onTick(): readonly ClientEffect[] {
    const phase = this.#phase;
    if (phase === undefined || this.#options.bug === 'asks only once') return [];
    phase.ticks += 1;
    const asks = this.#askTheSilent(phase);
    if (phase.ticks % ticksUntilReconnect !== 0) return asks;
    return asks.map(({ replica }) => ({ type: 'reconnect', replica }));
  }

  #askTheSilent({ message, answers }: Phase): readonly (ClientEffect & { readonly type: 'ask' })[] {
    return Array.from({ length: this.#options.replicas }, (_, replica) => replica)
      .filter((replica) => !answers.has(replica))
      .map((replica) => ({ type: 'ask', replica, message }));
  }
}
