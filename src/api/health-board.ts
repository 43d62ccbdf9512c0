/**
 * Which services can do their work now. The node's assembly writes, grpc.health.v1 reads.
 *
 * The empty name stands for the node as a whole. Bound: `watchersMax` watchers at once.
 */
import { assert } from '../base/assert.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { HealthStatus } from '../wire/health-messages.ts';

export const wholeNode = '';

export type HealthWatcher = (status: HealthStatus) => void;

export class HealthBoard {
  readonly watchersMax: number;
  readonly #statuses: Map<string, HealthStatus>;
  readonly #watchers = new Map<HealthWatcher, string>();

  constructor(services: readonly string[], watchersMax = 256) {
    this.watchersMax = watchersMax;
    this.#statuses = new Map([wholeNode, ...services].map((service) => [service, 'not-serving']));
  }

  statusOf(service: string): HealthStatus {
    return this.#statuses.get(service) ?? 'service-unknown';
  }

  setAll(status: 'serving' | 'not-serving'): void {
    for (const service of this.#statuses.keys()) this.set(service, status);
  }

  set(service: string, status: 'serving' | 'not-serving'): void {
    assert(this.#statuses.has(service), 'only a service of this node has a health', { service });
    if (this.#statuses.get(service) === status) return;
    this.#statuses.set(service, status);
    for (const [watcher, watched] of this.#watchers) if (watched === service) watcher(status);
  }

  /** Calls `watcher` at each change until the returned function is called. */
  watch(service: string, watcher: HealthWatcher): Result<() => void, 'too-many-watchers'> {
    if (this.#watchers.size >= this.watchersMax) return refused('too-many-watchers');
    assert(!this.#watchers.has(watcher), 'a watcher watches once', { service });
    this.#watchers.set(watcher, service);
    return ok(() => {
      this.#watchers.delete(watcher);
    });
  }
}
