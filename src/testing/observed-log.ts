/**
 * What a history tells of one partition: its values, who sent each, and at which offsets each was seen.
 *
 * Two kinds of knowledge are kept apart. A *place* is an offset that must stay: told by an acknowledgement of all, or
 * seen by a poll. A *told* offset is one that an answer named without promising that it stays.
 */
import { assert } from '../base/assert.ts';
import type { HistoryValue, SendTerms } from './log-history.ts';
import type { LogOperation } from './observed-history.ts';

export interface Place {
  readonly value: ObservedValue;
  readonly offset: number;
  /** The first line that says so, if any does. */
  ackedLine: number | undefined;
  polledLine: number | undefined;
}

export interface ObservedValue {
  readonly log: ObservedLog;
  readonly value: HistoryValue;
  /** Undefined: polled, and never sent. */
  writer: LogOperation | undefined;
  terms: KnownTerms;
  /** In the order of their discovery; more than one is a fault. */
  readonly places: Place[];
  toldOffset: number | undefined;
  isPolled: boolean;
  /** The highest offset that was taken for certain when the send began, and the line that says so: ours is higher. */
  floor: number;
  floorLine: number;
}

/** Where all have the usual ones, they share them. */
type KnownTerms = { readonly [Term in keyof SendTerms]-?: SendTerms[Term] | undefined };

const usualTerms: KnownTerms = { key: undefined, acks: undefined, idempotent: undefined, tombstone: undefined };

export class ObservedLog {
  readonly topic: string;
  readonly partition: number;
  readonly values = new Map<HistoryValue, ObservedValue>();
  #highest = -1;
  #highestLine = 0;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get name(): string {
    return `${this.topic}-${this.partition}`;
  }

  /** -1 as long as no offset is known. */
  get highestOffset(): number {
    return this.#highest;
  }

  valueOf(value: HistoryValue): ObservedValue {
    const known = this.values.get(value);
    if (known !== undefined) return known;
    const observed: ObservedValue = {
      log: this,
      value,
      writer: undefined,
      terms: usualTerms,
      places: [],
      toldOffset: undefined,
      isPolled: false,
      floor: -1,
      floorLine: 0,
    };
    this.values.set(value, observed);
    return observed;
  }

  /** Copies the terms, so that the line that they stand in can be forgotten. */
  sent(observed: ObservedValue, writer: LogOperation, { key, acks, idempotent, tombstone }: SendTerms): void {
    assert(observed.writer === undefined && observed.log === this, 'a value is sent once');
    observed.writer = writer;
    const isUsual = key === undefined && (acks ?? 'all') === 'all' && idempotent !== false && tombstone !== true;
    if (!isUsual) observed.terms = { key, acks, idempotent, tombstone };
    observed.floor = this.#highest;
    observed.floorLine = this.#highestLine;
  }

  acknowledged(observed: ObservedValue, { offset, line }: { offset: number; line: number }): void {
    this.#placeOf(observed, offset).ackedLine ??= line;
    this.#raise(offset, line);
  }

  polled(observed: ObservedValue, { offset, line }: { offset: number; line: number }): void {
    this.#placeOf(observed, offset).polledLine ??= line;
    observed.isPolled = true;
    this.#raise(offset, line);
  }

  #placeOf(value: ObservedValue, offset: number): Place {
    const known = value.places.find((place) => place.offset === offset);
    if (known !== undefined) return known;
    const place: Place = { value, offset, ackedLine: undefined, polledLine: undefined };
    value.places.push(place);
    return place;
  }

  #raise(offset: number, line: number): void {
    if (offset <= this.#highest) return;
    this.#highest = offset;
    this.#highestLine = line;
  }
}

/** The first line that says that a value is at its place. */
export function lineOfPlace({ ackedLine, polledLine }: Place): number {
  const line = Math.min(ackedLine ?? Infinity, polledLine ?? Infinity);
  assert(line < Infinity, 'a place was seen by somebody');
  return line;
}

/** The one offset of a value; undefined when none is known for certain, or several are. */
export function onlyOffset({ places }: ObservedValue): number | undefined {
  return places.length === 1 ? places[0]?.offset : undefined;
}

export function highestOffsetOf(value: ObservedValue): number | undefined {
  if (value.places.length <= 1) return onlyOffset(value);
  return Math.max(...value.places.map(({ offset }) => offset));
}
