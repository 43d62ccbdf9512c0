/**
 * Disks that begin in the middle of a story: a log given by its terms, as the figures of the paper draw them.
 */
import type { DirectoryId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import type { Entry, Voter } from '../../src/raft/raft-entry.ts';
import { ModelDisk } from './model-disk.ts';
import type { TestVoter } from './test-voter.ts';

const encoder = new TextEncoder();

/** One command per term given; `name` tells apart what different leaders wrote. */
export function entriesOfTerms(terms: readonly number[], name = ''): Entry[] {
  return terms.map((value, at) => ({
    index: logIndex(at + 1),
    term: term(value),
    payload: { type: 'command', bytes: encoder.encode(`${name}${at + 1}/${value}`) },
  }));
}

/** The log that a founding voter's disk holds, and the term that it has reached (its last by default). */
export interface GivenLog {
  readonly terms: readonly number[];
  readonly atTerm?: number;
}

export function diskWithLog(directoryId: DirectoryId, voters: readonly Voter[], given: GivenLog): ModelDisk {
  const disk = new ModelDisk(directoryId, voters);
  disk.entries = entriesOfTerms(given.terms);
  disk.hardState = { term: term(given.atTerm ?? Math.max(0, ...given.terms)), votedFor: undefined };
  return disk;
}

/** The terms of a voter's log, from its first entry. */
export function termsOf({ view }: TestVoter): number[] {
  const terms: number[] = [];
  for (let index = view.firstIndex; index <= view.last.index; index = logIndex(index + 1)) {
    terms.push(view.termAt(index) ?? -1);
  }
  return terms;
}
