/**
 * Networks with a planted bug, to show that the stream suite notices.
 */
import type { Status } from '../../src/base/status.ts';
import type { AcceptedStream, Network, OpenedStream, OwnedParts, StreamHandlers } from '../../src/ports/stream.ts';
import { conformanceLimits } from './stream-stage.ts';

type Stream = OpenedStream | AcceptedStream;

/** What a bug does to one end of a stream. `stream` is only usable once the handlers are called. */
interface Tampering {
  readonly handlers?: (handlers: StreamHandlers, stream: () => Stream) => StreamHandlers;
  readonly send?: (stream: Stream, ownedParts: OwnedParts) => void;
  readonly creditBytes?: number;
  readonly release?: () => void;
  readonly end?: () => void;
  readonly deadlineMs?: undefined;
}

export interface PlantedBug {
  readonly name: string;
  /** The promise that must catch it, among those that do. */
  readonly breaks: string;
  /** A fresh tampering for each end of each stream. */
  tamper(): Tampering;
}

function passing(handlers: StreamHandlers): StreamHandlers {
  return {
    onMessage: (message) => handlers.onMessage(message),
    onCredit: () => handlers.onCredit(),
    onEnd: () => handlers.onEnd(),
    onClose: (status) => handlers.onClose(status),
  };
}

export const streamBugs: readonly PlantedBug[] = [
  {
    name: 'swaps two messages',
    breaks: 'messages arrive whole and in order, in both directions at once',
    tamper: () => {
      let held: Uint8Array | undefined;
      let count = 0;
      return {
        handlers: (handlers) => ({
          ...passing(handlers),
          onMessage(message) {
            count += 1;
            if (count === 3) {
              held = message;
              return;
            }
            handlers.onMessage(message);
            if (held !== undefined) handlers.onMessage(held);
            held = undefined;
          },
        }),
      };
    },
  },
  {
    name: 'loses a message',
    breaks: 'messages arrive whole and in order, in both directions at once',
    tamper: () => {
      let count = 0;
      return {
        handlers: (handlers) => ({
          ...passing(handlers),
          onMessage(message) {
            count += 1;
            if (count !== 5) handlers.onMessage(message);
          },
        }),
      };
    },
  },
  {
    name: 'delivers a message twice',
    breaks: 'messages arrive whole and in order, in both directions at once',
    tamper: () => ({
      release() {},
      handlers: (handlers, stream) => ({
        ...passing(handlers),
        onMessage(message) {
          handlers.onMessage(message);
          handlers.onMessage(message);
          stream().release(message.length);
        },
      }),
    }),
  },
  {
    name: 'forgets onClose after a reset',
    breaks: 'a reset is heard as cancelled by both sides',
    tamper: () => ({
      handlers: (handlers) => ({
        ...passing(handlers),
        onClose(status) {
          if (status.name !== 'cancelled') handlers.onClose(status);
        },
      }),
    }),
  },
  {
    name: 'closes twice',
    breaks: 'a stream that was reset closes once and last on both sides, and takes nothing more',
    tamper: () => ({
      handlers: (handlers) => ({
        ...passing(handlers),
        onClose(status) {
          handlers.onClose(status);
          handlers.onClose(status);
        },
      }),
    }),
  },
  {
    name: 'drops the details of a status',
    breaks: 'a status reaches the opener with its name, message and details',
    tamper: () => ({
      handlers: (handlers) => ({
        ...passing(handlers),
        onClose: (status: Status) => handlers.onClose({ ...status, details: undefined }),
      }),
    }),
  },
  {
    name: 'ignores credit and queues without bound',
    breaks: 'an acceptor that reads slowly pins its window and no more, and reading on frees the opener',
    tamper: () => {
      const queue: OwnedParts[] = [];
      const drain = (stream: Stream): void => {
        while (queue.length > 0 && stream.creditBytes > 0) stream.send(queue.shift() ?? []);
      };
      return {
        creditBytes: conformanceLimits.windowBytes,
        send(stream, ownedParts) {
          queue.push(ownedParts);
          drain(stream);
        },
        handlers: (handlers, stream) => ({
          ...passing(handlers),
          onCredit() {
            drain(stream());
            handlers.onCredit();
          },
        }),
      };
    },
  },
  {
    name: 'never tells that credit is back',
    breaks: 'the last message of a window may overdraw it, and onCredit tells when it is positive again',
    tamper: () => ({ handlers: (handlers) => ({ ...passing(handlers), onCredit() {} }) }),
  },
  {
    name: 'grants credit for bytes that nobody released',
    breaks: 'an opener that reads slowly pins its window and no more, and reading on frees the acceptor',
    tamper: () => ({
      handlers: (handlers, stream) => ({
        ...passing(handlers),
        onMessage(message) {
          stream().release(message.length);
          handlers.onMessage(message);
        },
      }),
      release() {},
    }),
  },
  {
    name: 'forgets to grant credit',
    breaks: 'a stream that stalls delays no other stream of its channel, nor its own other direction',
    tamper: () => ({ release() {} }),
  },
  {
    name: 'sends each part as a message',
    breaks: 'the parts of a message arrive as one, and an empty message stays a message',
    tamper: () => ({
      send(stream, ownedParts) {
        for (const part of ownedParts) stream.send([part]);
      },
    }),
  },
  {
    name: 'forgets the deadline',
    breaks: 'a deadline is heard as deadline-exceeded by both sides',
    tamper: () => ({ deadlineMs: undefined }),
  },
  {
    name: 'forgets the end',
    breaks: 'the end of the opener comes after all it sent, and the acceptor may still speak',
    tamper: () => ({ end() {} }),
  },
  {
    name: 'lets the status overtake the last message',
    breaks: 'what the acceptor sent before it closed arrives before the status',
    tamper: () => {
      let last: Uint8Array | undefined;
      return {
        handlers: (handlers) => ({
          ...passing(handlers),
          onMessage(message) {
            if (last !== undefined) handlers.onMessage(last);
            last = message;
          },
          onClose(status) {
            handlers.onClose(status);
            if (last !== undefined) handlers.onMessage(last);
          },
        }),
      };
    },
  },
];

function tampered<Kind extends Stream>(stream: Kind, tampering: Tampering): Kind {
  const overrides: Partial<Record<string, unknown>> = { ...tampering };
  delete overrides['handlers'];
  const { send } = tampering;
  if (send !== undefined) overrides['send'] = (ownedParts: OwnedParts) => send(stream, ownedParts);
  return new Proxy(stream, {
    get(target, name) {
      if (typeof name === 'string' && name in overrides) return overrides[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The network as it would be with the bug in it. */
export function networkWithBug(network: Network, bug: PlantedBug): Network {
  return {
    channel(endpoint) {
      const channel = network.channel(endpoint);
      return {
        endpoint: channel.endpoint,
        close: () => channel.close(),
        open(method, options, handlers) {
          const tampering = bug.tamper();
          const opened: { stream?: OpenedStream } = {};
          const inner = tampering.handlers?.(handlers, () => mustBeOpen(opened.stream)) ?? handlers;
          opened.stream = channel.open(
            method,
            { ...options, ...('deadlineMs' in tampering ? { deadlineMs: undefined } : {}) },
            inner,
          );
          return tampered(opened.stream, tampering);
        },
      };
    },
    listen(options) {
      const methods = [...options.methods].map(([method, acceptor]) => {
        const withBug: typeof acceptor = (incoming, stream) => {
          const tampering = bug.tamper();
          const handlers = acceptor(incoming, tampered(stream, tampering));
          return tampering.handlers?.(handlers, () => stream) ?? handlers;
        };
        return [method, withBug] as const;
      });
      return network.listen({ ...options, methods: new Map(methods) });
    },
  };
}

function mustBeOpen(stream: OpenedStream | undefined): OpenedStream {
  if (stream === undefined) throw new Error('handlers are called after the stream was opened');
  return stream;
}
