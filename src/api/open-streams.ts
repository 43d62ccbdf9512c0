/**
 * Streams that go on until somebody ends them: when the node stops, it does.
 */
import type { ApiProblem } from './api-problem.ts';

export interface OpenStream {
  refuse(problem: ApiProblem): void;
}

export class OpenStreams {
  readonly #open = new Set<OpenStream>();
  #isClosed = false;

  /** Refuses at once what comes when the node stops already. */
  add(stream: OpenStream): void {
    if (this.#isClosed) stream.refuse(stopping);
    else this.#open.add(stream);
  }

  delete(stream: OpenStream): void {
    this.#open.delete(stream);
  }

  close(): void {
    this.#isClosed = true;
    for (const stream of this.#open) stream.refuse(stopping);
  }
}

const stopping: ApiProblem = {
  error: 'node-stopping',
  message: 'this node is stopping; refresh the metadata and go on with whoever leads now',
};
