/**
 * The shape of every core: it decides, synchronously, and leaves the doing to its driver.
 */

export interface StateMachine<Event, Effect> {
  /** Never waits; never throws for anything that a caller could have expected. */
  step(event: Event): readonly Effect[];
}
