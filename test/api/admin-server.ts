/**
 * The administrative services of a node over a lone controller, and calls of them with values instead of bytes.
 */
import { assert } from '../../src/base/assert.ts';
import { brokerId, nodeId, voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { ok } from '../../src/base/result.ts';
import { clusterService } from '../../src/api/cluster-service.ts';
import { MetadataDoor } from '../../src/api/metadata-door.ts';
import { metadataService } from '../../src/api/metadata-service.ts';
import { MetadataWatches } from '../../src/api/metadata-watches.ts';
import { topicService } from '../../src/api/topic-service.ts';
import type { CreateTopic } from '../../src/metadata/metadata-command.ts';
import type { Codec } from '../../src/ports/codec.ts';
import type { QuorumDescription } from '../../src/quorum/quorum-description.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import type { ErrorDetails } from '../../src/wire/error-details.ts';
import { LoneController, loneClusterId } from './lone-controller.ts';
import { detailsOf, testHost, TestServer } from './service-host.ts';

export const loneQuorum: QuorumDescription = {
  clusterId: loneClusterId,
  voterId: voterId(1),
  leaderId: voterId(1),
  term: term(1),
  role: 'leader',
  firstIndex: logIndex(1),
  lastIndex: logIndex(1),
  commitIndex: logIndex(1),
  committedChain: 0,
  voters: [1, 2, 3].map((number) => ({
    voterId: voterId(number),
    directoryId: undefined,
    peerEndpoint: `n${number}:7181`,
    apiEndpoint: `n${number}:7081`,
    matchedIndex: logIndex(1),
    lastContactMs: 0,
  })),
};

export function topicNamed(name: string, more: Partial<CreateTopic> = {}): CreateTopic {
  return {
    type: 'create-topic',
    name,
    partitionCount: undefined,
    replicationFactor: undefined,
    assignments: [],
    configs: [],
    ifNotExists: false,
    validateOnly: false,
    ...more,
  };
}

export class AdminServer {
  readonly controller = new LoneController();
  readonly host = testHost();
  quorum: QuorumDescription = loneQuorum;
  readonly server: TestServer;
  readonly watches: MetadataWatches;

  constructor({ brokers = 0, topicsOnFirstUse = false }: { brokers?: number; topicsOnFirstUse?: boolean } = {}) {
    this.controller.addBrokers(brokers);
    const metadata = new MetadataDoor({
      find: () => ok(this.controller),
      clock: this.host.clock,
      random: new SimulatedRandom(1),
    });
    this.watches = new MetadataWatches(metadata);
    const describeQuorum = () => ok(this.quorum);
    const describeNode = () => ({
      version: '0.1.0',
      clusterId: loneClusterId,
      nodeId: nodeId(1),
      roles: ['quorum'] as const,
      apiPackages: ['odradek.v1'],
      messageBytesMax: 8 * 1024 * 1024,
      startedAtWallMs: 0,
    });
    const parts = { metadata, watches: this.watches, topicsOnFirstUse, describeQuorum, describeNode };
    this.server = new TestServer([topicService(metadata), clusterService(parts), metadataService(parts)], this.host);
  }

  /** The reply to a call that must succeed. `method` is Service/Method of odradek.v1. */
  async call<Request, Reply>(
    method: string,
    [requestCodec, replyCodec]: readonly [Codec<Request>, Codec<Reply>],
    request: Request,
  ): Promise<Reply> {
    const { status, reply } = await this.server.ask(`odradek.v1.${method}`, requestCodec.encode(request));
    assert(status.name === 'ok' && reply !== undefined, 'the call succeeds', { method, message: status.message });
    const decoded = replyCodec.decode(reply);
    assert(decoded.ok, 'the reply can be read', { method, decoded });
    return decoded.value;
  }

  /** Why a call that must fail was refused. */
  async refusal<Request>(
    method: string,
    requestCodec: Pick<Codec<Request>, 'encode'>,
    request: Request,
  ): Promise<ErrorDetails> {
    const { status } = await this.server.ask(`odradek.v1.${method}`, requestCodec.encode(request));
    return detailsOf(status);
  }

  /** Brokers that are not heard from any more. */
  fence(...numbers: readonly number[]): void {
    for (const number of numbers) this.controller.hear(brokerId(number), true);
  }
}
