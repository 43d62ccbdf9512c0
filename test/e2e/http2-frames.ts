/**
 * HTTP/2 by hand, for callers that break its rules: frames (RFC 9113) and the simplest header encoding (RFC 7541).
 */
import { connect, type Socket } from 'node:net';

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
};
export const endHeaders = 0x4;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A length with a seven-bit prefix. */
function headerLength(length: number): Buffer {
  if (length < 127) return Buffer.of(length);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** Literals without indexing. */
export function headerBlock(headers: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    headers.flatMap(([name, value]) => [
      Buffer.of(0),
      headerLength(name.length),
      Buffer.from(name),
      headerLength(value.length),
      Buffer.from(value),
    ]),
  );
}

export function callHeaders(method: string, authority: string): (readonly [string, string])[] {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', `/${method}`],
    [':authority', authority],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ];
}

/** A length-prefixed gRPC message; the prefix may lie. */
export function grpcFrame(message: Uint8Array, { length = message.length, compressed = 0 } = {}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** A socket that swallows what comes back and tells how it went. */
export class RawConnection {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  receivedBytes = 0;
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    void this.closed.then(() => (this.isClosed = true));
    socket.on('error', () => {});
    socket.on('data', (data) => (this.receivedBytes += data.length));
  }

  static open(endpoint: string): Promise<RawConnection> {
    const { hostname, port } = new URL(`tcp://${endpoint}`);
    const socket = connect({ host: hostname, port: Number(port) });
    const connection = new RawConnection(socket);
    return new Promise((resolve) => {
      socket.once('connect', () => resolve(connection));
      socket.once('close', () => resolve(connection));
    });
  }

  /** Resolves when the bytes have left or the connection is gone. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.isClosed || this.socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      void this.closed.then(resolve);
      this.socket.write(bytes, () => resolve());
    });
  }

  /** Whether it was closed from the other side within that time. */
  async closesWithin(msMax: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.closed, new Promise((resolve) => (timer = setTimeout(resolve, msMax)))]);
    clearTimeout(timer);
    return this.isClosed;
  }

  destroy(): void {
    this.socket.destroy();
  }
}
