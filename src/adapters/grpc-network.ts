/**
 * The stream port on grpc-js: every method is served and called as a bidirectional stream of bytes, which on the
 * wire is what any gRPC call is.
 *
 * Read next: grpc-listener.ts, grpc-channel.ts; the promises are in ports/stream.ts.
 */
import type { Channel, Listener, ListenOptions, Network } from '../ports/stream.ts';
import { GrpcChannel } from './grpc-channel.ts';
import { listenGrpc } from './grpc-listener.ts';
import type { GrpcNetworkOptions } from './grpc-options.ts';

export function grpcNetwork(options: GrpcNetworkOptions): Network {
  return {
    channel: (endpoint: string): Channel => new GrpcChannel(endpoint, options),
    listen: (listenOptions: ListenOptions): Promise<Listener> => listenGrpc(options, listenOptions),
  };
}
