/**
 * A node without a vote on a simulated machine: it follows the quorum, through all lives of its process.
 */
import { assert } from '../../src/base/assert.ts';
import type { ClusterId } from '../../src/base/ids.ts';
import { MetadataObserver } from '../../src/quorum/metadata-observer.ts';
import { MetadataStateMachine } from '../../src/quorum/metadata-state-machine.ts';
import type { SimulatedProcess } from '../../src/simulation/simulated-process.ts';
import type { Simulation } from '../../src/simulation/simulation.ts';
import { metadataQuorumCodecs } from '../../src/wire/metadata-quorum-codecs.ts';

export class ObserverMachine {
  readonly process: SimulatedProcess;
  #observer: MetadataObserver | undefined;

  constructor(
    simulation: Simulation,
    { name, voters, clusterId }: { name: string; voters: readonly string[]; clusterId: () => ClusterId | undefined },
  ) {
    this.process = simulation.addProcess(name, (ports) => {
      const cluster = clusterId();
      assert(cluster !== undefined, 'an observer is told which cluster it follows');
      this.#observer = new MetadataObserver({
        ...ports,
        clusterId: cluster,
        voters,
        machine: new MetadataStateMachine(metadataQuorumCodecs.log),
        codecs: metadataQuorumCodecs.service,
        follow: metadataQuorumCodecs.follow,
        onFatal: (fault) => {
          throw fault;
        },
      });
      this.#observer.start();
    });
    this.process.onEnd = () => {
      this.#observer = undefined;
    };
  }

  /** Of the life that runs now. */
  get observer(): MetadataObserver | undefined {
    return this.#observer;
  }
}
