/**
 * The register of facts as the quorum's state machine: bytes in, bytes out. What they mean: metadata/cluster-facts.ts.
 */
import { FaultError } from '../base/fault-error.ts';
import {
  ClusterFacts,
  clusterFactsLimitsDefault,
  type ClusterFactsContent,
  type ClusterFactsLimits,
  type FactCommand,
  type FactReply,
} from '../metadata/cluster-facts.ts';
import type { Codec } from '../ports/codec.ts';
import type { CommittedCommand, QuorumStateMachine } from './quorum-state-machine.ts';

export interface FactCodecs {
  readonly command: Codec<FactCommand>;
  readonly reply: Codec<FactReply>;
  readonly content: Codec<ClusterFactsContent>;
}

export class FactStateMachine implements QuorumStateMachine {
  readonly facts: ClusterFacts;
  readonly #codecs: FactCodecs;

  constructor(codecs: FactCodecs, limits: ClusterFactsLimits = clusterFactsLimitsDefault) {
    this.#codecs = codecs;
    this.facts = new ClusterFacts(limits);
  }

  apply(commands: readonly CommittedCommand[]): readonly Uint8Array[] {
    return commands.map(({ bytes }) => {
      const command = this.#codecs.command.decode(bytes);
      const reply: FactReply = command.ok ? this.facts.apply(command.value) : { type: 'refused', why: 'unreadable' };
      return this.#codecs.reply.encode(reply);
    });
  }

  snapshot(): Uint8Array {
    return this.#codecs.content.encode(this.facts.content());
  }

  restore(ownedSnapshot: Uint8Array): void {
    const content = this.#codecs.content.decode(ownedSnapshot);
    if (!content.ok)
      throw new FaultError('a snapshot of the cluster facts cannot be read', { why: content.problem.why });
    this.facts.restore(content.value);
  }
}
