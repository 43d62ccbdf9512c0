/**
 * One replica of the toy register, as a core: takes the newest version it is given, and says so once it is durable.
 *
 * Group commit: while one state is being made durable, what comes in waits for the next.
 */
import type { StateMachine } from '../../../src/base/state-machine.ts';
import { assertUnreachable } from '../../../src/base/assert.ts';
import { firstVersion, isNewer, type Message, type Version } from './register-messages.ts';
import type { ToyBug } from './toy-bug.ts';

/** One version for each register. */
export type RegisterState = readonly Version[];

export type ReplicaEvent =
  | { readonly type: 'asked'; readonly by: number; readonly message: Message }
  | { readonly type: 'persisted'; readonly state: RegisterState };

export type ReplicaEffect =
  | { readonly type: 'answer'; readonly to: number; readonly message: Message }
  | { readonly type: 'persist'; readonly state: RegisterState };

interface Store {
  readonly by: number;
  readonly message: Message;
}

/** More is dropped: the client asks again. */
const storesWaitingMax = 256;

export class ReplicaCore implements StateMachine<ReplicaEvent, ReplicaEffect> {
  #durable: RegisterState;
  #accepted: RegisterState;
  #waiting: Store[] = [];
  #isPersisting = false;
  readonly #bug: ToyBug | undefined;

  constructor(recovered: RegisterState, bug: ToyBug | undefined) {
    this.#durable = recovered;
    this.#accepted = recovered;
    this.#bug = bug;
  }

  /** What this replica has promised to keep. */
  get durable(): RegisterState {
    return this.#durable;
  }

  step(event: ReplicaEvent): readonly ReplicaEffect[] {
    switch (event.type) {
      case 'asked':
        return event.message.kind === 'query' ? this.#onQuery(event) : this.#onStore(event);
      case 'persisted':
        return this.#onPersisted(event.state);
      default:
        return assertUnreachable(event);
    }
  }

  #onQuery({ by, message }: Store): readonly ReplicaEffect[] {
    const version = this.#durable[message.register] ?? firstVersion;
    return [{ type: 'answer', to: by, message: { ...message, kind: 'version', version } }];
  }

  #onStore(store: Store): readonly ReplicaEffect[] {
    const { register, version } = store.message;
    if (!isNewer(version, this.#durable[register] ?? firstVersion)) return [stored(store)];
    if (this.#waiting.length === storesWaitingMax) return [];
    if (isNewer(version, this.#accepted[register] ?? firstVersion))
      this.#accepted = this.#accepted.with(register, version);
    if (this.#bug === 'acknowledges before the sync') {
      this.#durable = this.#accepted;
      return [stored(store), ...this.#persist()];
    }
    this.#waiting.push(store);
    return this.#persist();
  }

  #onPersisted(state: RegisterState): readonly ReplicaEffect[] {
    this.#isPersisting = false;
    if (this.#bug !== 'acknowledges before the sync') this.#durable = state;
    const isDone = ({ message: { register, version } }: Store): boolean =>
      !isNewer(version, this.#durable[register] ?? firstVersion);
    const done = this.#waiting.filter(isDone);
    this.#waiting = this.#waiting.filter((store) => !isDone(store));
    return [...done.map(stored), ...(state === this.#accepted ? [] : this.#persist())];
  }

  #persist(): readonly ReplicaEffect[] {
    if (this.#isPersisting) return [];
    this.#isPersisting = true;
    return [{ type: 'persist', state: this.#accepted }];
  }
}

function stored({ by, message }: Store): ReplicaEffect {
  return { type: 'answer', to: by, message: { ...message, kind: 'stored' } };
}
