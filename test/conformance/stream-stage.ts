/**
 * What the stream suite needs of the network it runs on, and the props that its cases are told with.
 *
 * A fixture is a real or a simulated network. The suite never waits on the wall clock: it asks the fixture to let
 * its own time pass, `until` something is so or until everything `settle`s. Real fixtures wait, simulated ones
 * move their virtual clock.
 */
import type { Status } from '../../src/base/status.ts';
import type {
  AcceptedStream,
  Channel,
  IncomingStream,
  Listener,
  Network,
  OpenedStream,
  StreamAcceptor,
  StreamHandlers,
  StreamLimits,
  StreamOptions,
} from '../../src/ports/stream.ts';

/** Small, so that a case reaches each limit with little data. Fixtures make their networks with these. */
export const conformanceLimits: StreamLimits = { messageBytesMax: 512 * 1024, windowBytes: 128 * 1024 };

export interface StreamFixture {
  /** The network as seen by the process of that name. */
  network(process: string): Network;
  /** What that process passes to `listen`: with port 0. */
  endpoint(process: string): string;
  /** An endpoint at which nobody listens. */
  silentEndpoint(): string;
  /** Lets time pass until the condition holds; rejects, naming `what`, when it does not come to hold. */
  until(what: string, condition: () => boolean): Promise<void>;
  /** Lets everything that is on its way arrive. */
  settle(): Promise<void>;
  /**
   * Bytes that the transport itself may hold between the two windows of a stream, at most: what a sender gets rid
   * of beyond the receiver's window while nobody reads.
   */
  readonly transportBytesMax: number;
  close(): Promise<void>;
}

export const talkMethod = 'conformance.Stream/Talk';

export type RecordedCall =
  | { readonly type: 'message'; readonly bytes: Uint8Array }
  | { readonly type: 'credit' }
  | { readonly type: 'end' }
  | { readonly type: 'close'; readonly status: Status };

/** Handlers that write down what they hear. They release what they get, unless told to keep it. */
export class Recording implements StreamHandlers {
  readonly calls: RecordedCall[] = [];
  keepsBytes = false;
  keptBytes = 0;
  stream: { release(receivedBytes: number): void } | undefined;

  get messages(): readonly Uint8Array[] {
    return this.calls.flatMap((call) => (call.type === 'message' ? [call.bytes] : []));
  }

  get statuses(): readonly Status[] {
    return this.calls.flatMap((call) => (call.type === 'close' ? [call.status] : []));
  }

  get closedAs(): Status | undefined {
    return this.statuses[0];
  }

  count(type: RecordedCall['type']): number {
    return this.calls.filter((call) => call.type === type).length;
  }

  releaseKept(): void {
    this.keepsBytes = false;
    const bytes = this.keptBytes;
    this.keptBytes = 0;
    if (bytes > 0) this.stream?.release(bytes);
  }

  onMessage(ownedMessage: Uint8Array): void {
    this.calls.push({ type: 'message', bytes: ownedMessage });
    if (this.keepsBytes) this.keptBytes += ownedMessage.length;
    else this.stream?.release(ownedMessage.length);
  }

  onCredit(): void {
    this.calls.push({ type: 'credit' });
  }

  onEnd(): void {
    this.calls.push({ type: 'end' });
  }

  onClose(status: Status): void {
    this.calls.push({ type: 'close', status });
  }
}

export interface OpenerSide {
  readonly stream: OpenedStream;
  readonly heard: Recording;
}

export interface AcceptorSide {
  readonly stream: AcceptedStream;
  readonly heard: Recording;
  readonly incoming: IncomingStream;
}

/** One case's listener, channel and streams, taken down together at its end. */
export class Stage {
  readonly fixture: StreamFixture;
  readonly accepted: AcceptorSide[] = [];
  readonly #listeners: Listener[] = [];
  readonly #channels: Channel[] = [];

  constructor(fixture: StreamFixture) {
    this.fixture = fixture;
  }

  async listen(methods: Readonly<Record<string, StreamAcceptor>> = {}, endpoint?: string): Promise<Listener> {
    const all = new Map(Object.entries({ [talkMethod]: this.#acceptTalk, ...methods }));
    const listener = await this.fixture
      .network('acceptor')
      .listen({ endpoint: endpoint ?? this.fixture.endpoint('acceptor'), methods: all });
    this.#listeners.push(listener);
    return listener;
  }

  channel(endpoint: string): Channel {
    const channel = this.fixture.network('opener').channel(endpoint);
    this.#channels.push(channel);
    return channel;
  }

  open(channel: Channel, options: Partial<StreamOptions> = {}, method = talkMethod): OpenerSide {
    const heard = new Recording();
    const stream = channel.open(method, { deadlineMs: undefined, headers: {}, ...options }, heard);
    heard.stream = stream;
    return { stream, heard };
  }

  /** A stream that has been accepted, seen from both sides. */
  async talk(options: Partial<StreamOptions> = {}): Promise<Talk> {
    const listener = await this.listen();
    const channel = this.channel(listener.endpoint);
    const { opener, acceptor } = await this.talkOn(channel, options);
    return { listener, channel, opener, acceptor };
  }

  async talkOn(channel: Channel, options: Partial<StreamOptions> = {}): Promise<Pick<Talk, 'opener' | 'acceptor'>> {
    const index = this.accepted.length;
    const opener = this.open(channel, options);
    await this.fixture.until('the stream is accepted', () => this.accepted.length > index);
    const acceptor = this.accepted[index];
    if (acceptor === undefined) throw new Error('accepted streams only grow in number');
    return { opener, acceptor };
  }

  async untilClosed(...sides: readonly { readonly heard: Recording }[]): Promise<void> {
    await this.fixture.until('every side has closed', () => sides.every(({ heard }) => heard.closedAs !== undefined));
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) channel.close();
    const closed = Promise.all(this.#listeners.map((listener) => listener.close(0)));
    let done = false;
    void closed.finally(() => (done = true));
    await this.fixture.until('the listeners have closed', () => done);
    await this.fixture.close();
  }

  readonly #acceptTalk: StreamAcceptor = (incoming, stream) => {
    const heard = new Recording();
    heard.stream = stream;
    this.accepted.push({ stream, heard, incoming });
    return heard;
  };
}

export interface Talk {
  readonly listener: Listener;
  readonly channel: Channel;
  readonly opener: OpenerSide;
  readonly acceptor: AcceptorSide;
}

/** A promise of the port, and the play that shows it. */
export interface StreamCase {
  readonly promise: string;
  play(stage: Stage): Promise<void>;
}

export async function playCase(streamCase: StreamCase, fixture: StreamFixture): Promise<void> {
  const stage = new Stage(fixture);
  try {
    await streamCase.play(stage);
  } finally {
    await stage.close();
  }
}

/** Bytes that differ from message to message and from place to place, so that nothing can be swapped unseen. */
export function patterned(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (seed * 31 + at * 7 + (at >> 8)) & 0xff;
  return bytes;
}

export function sameBytes(actual: readonly Uint8Array[], expected: readonly Uint8Array[]): boolean {
  return (
    actual.length === expected.length &&
    expected.every((bytes, index) => Buffer.compare(bytes, actual[index] ?? new Uint8Array()) === 0)
  );
}
