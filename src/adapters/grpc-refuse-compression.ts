/**
 * Refuses compressed gRPC messages before they are unpacked.
 *
 * A few kilobytes of gzip unpack to the largest message allowed, per call, and grpc-js unpacks as soon as they
 * arrive, whatever the handler's window says: 20 such calls at once took 160 MB here. Record batches are
 * compressed by producers anyway, so a listener loses nothing. A caller that compresses is told by name, as
 * `unimplemented`, because the encoding it announces is replaced by one that grpc-js does not know.
 */
import type { Http2Server, IncomingHttpHeaders } from 'node:http2';

const encodingHeader = 'grpc-encoding';

export function refuseCompression(http2Server: Http2Server): void {
  // Before grpc-js' own listener, which is called with the same headers.
  http2Server.prependListener('stream', (_stream: unknown, headers: IncomingHttpHeaders) => {
    const encoding = headers[encodingHeader];
    if (encoding !== undefined && encoding !== 'identity') headers[encodingHeader] = 'not taken by this node';
  });
}
