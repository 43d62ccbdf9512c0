import { streamConformance } from './stream.ts';
import { grpcFixture } from './stream-grpc-fixture.ts';

streamConformance('gRPC', () => grpcFixture());
