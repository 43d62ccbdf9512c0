/**
 * Assertions that stay on in production.
 *
 * They state what must be true whatever the outside does; input is checked into a Result first, so that no
 * client can trip one. An InvariantError is a bug: only main.ts catches it, logs it and stops the process.
 */

export type Facts = Readonly<Record<string, unknown>>;

export class InvariantError extends Error {
  override readonly name = 'InvariantError';
  readonly facts: Facts;

  constructor(promise: string, facts: Facts) {
    super(`broken: ${promise}`);
    this.facts = facts;
  }
}

/**
 * `promise` says in words what holds. On hot paths pass `facts` as a function: it is called only when the
 * promise is broken.
 */
export function assert(condition: boolean, promise: string, facts: Facts | (() => Facts) = {}): asserts condition {
  if (condition) return;
  throw new InvariantError(promise, typeof facts === 'function' ? facts() : facts);
}

/** The end of every switch over a union: a new member then fails to compile at each place that forgot it. */
export function assertUnreachable(value: never): never {
  throw new InvariantError('every member of the union is handled', { value });
}
