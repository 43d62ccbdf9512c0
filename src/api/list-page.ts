/**
 * One page of a list: rows in the order of their keys, and where to go on.
 *
 * A page costs what is on it. Its token names the last key and no position, so whatever comes and goes between two
 * pages, a row that stays is on exactly one of them.
 */
import type { OrderedKey, OrderedMap } from '../base/ordered-map.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { findRowOf, pageSizeDefault, pageSizeMax, pageTokenOf, type PageRequest } from '../wire/request-fields.ts';
import type { ApiProblem } from './api-problem.ts';

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Empty: this was the last page. */
  readonly nextPageToken: string;
}

/** So that a page stays below the limit of a message, whatever its rows carry. */
const pageWeightMax = 20_000;

/** A page also ends early when the weights of its rows add up to a lot. */
export function pageOfNames<Value>(
  map: OrderedMap<string, Value>,
  page: PageRequest,
  weigh: (value: Value) => number = () => 1,
): Page<Value> {
  return pageFrom(map, { size: page.size, after: findRowOf(page.token), weigh });
}

export function pageOfNumbers<Key extends number, Value>(
  map: OrderedMap<Key, Value>,
  page: PageRequest,
): Result<Page<Value>, ApiProblem> {
  const row = findRowOf(page.token);
  const after = row === undefined ? undefined : Number(row);
  if (after !== undefined && String(after) !== row) return refused(otherToken);
  return ok(pageFrom(map, { size: page.size, after: after as Key | undefined, weigh: () => 1 }));
}

/** For lists that are short and never change. Sorted by name. */
export function pageOfFixed<Row extends { readonly name: string }>(
  rows: readonly Row[],
  { size = pageSizeDefault, token }: PageRequest,
): Page<Row> {
  const after = findRowOf(token);
  const left = after === undefined ? rows : rows.filter(({ name }) => name > after);
  const shown = left.slice(0, Math.min(size, pageSizeMax));
  const last = shown.at(-1);
  return {
    rows: shown,
    nextPageToken: last === undefined || shown.length === left.length ? '' : pageTokenOf(last.name),
  };
}

interface KeyedPage<Key, Value> {
  readonly size: number | undefined;
  readonly after: Key | undefined;
  readonly weigh: (value: Value) => number;
}

function pageFrom<Key extends OrderedKey, Value>(
  map: OrderedMap<Key, Value>,
  { size = pageSizeDefault, after, weigh }: KeyedPage<Key, Value>,
): Page<Value> {
  const rowsMax = Math.min(size, pageSizeMax);
  const rows: Value[] = [];
  let weight = 0;
  let last: Key | undefined;
  for (const [key, value] of map.entries(after)) {
    if (key === after) continue;
    if (rows.length === rowsMax || weight >= pageWeightMax) return { rows, nextPageToken: pageTokenOf(String(last)) };
    rows.push(value);
    weight += weigh(value);
    last = key;
  }
  return { rows, nextPageToken: '' };
}

const otherToken: ApiProblem = {
  error: 'invalid-request',
  message: 'the page_token is of another list; begin without one, then take the next_page_token of each page',
  violations: [{ field: 'page_token', description: 'it was made for another list' }],
};
