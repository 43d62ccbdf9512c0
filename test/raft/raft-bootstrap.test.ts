import { describe, expect, test } from 'vitest';
import { directoryId, voterId, type DirectoryId, type VoterId } from '../../src/base/ids.ts';
import type { BootstrapAnswer, BootstrapEffect } from '../../src/raft/bootstrap-messages.ts';
import { checkFoundingSet, foundingSet, type FoundingSet } from '../../src/raft/founding-set.ts';
import { RaftBootstrap, standingIn } from '../../src/raft/raft-bootstrap.ts';

const [one, two, three] = [voterId(1), voterId(2), voterId(3)];
const three123 = [one, two, three];

function directory(letter: string): DirectoryId {
  return directoryId(letter.repeat(32));
}

function voter(
  id: VoterId,
  letter: string,
  listed: readonly VoterId[] = three123,
  founding?: FoundingSet,
): RaftBootstrap {
  return new RaftBootstrap({
    voterId: id,
    directoryId: directory(letter),
    peerEndpoint: `peer-${id}`,
    apiEndpoint: `api-${id}`,
    listed: listed.map((each) => ({ voterId: each, peerEndpoint: `peer-${each}` })),
    founding,
  });
}

function setOf(letters: string): FoundingSet {
  return foundingSet(
    Array.from(letters, (letter, at) => ({
      voterId: voterId(at + 1),
      directoryId: directory(letter),
      peerEndpoint: `peer-${at + 1}`,
      apiEndpoint: `api-${at + 1}`,
    })),
  );
}

function fresh(id: VoterId, letter: string): BootstrapAnswer {
  return { type: 'fresh', directoryId: directory(letter), apiEndpoint: `api-${id}` };
}

function asks(core: RaftBootstrap, from: VoterId, letter: string, listed = three123): BootstrapAnswer | undefined {
  const question = { voterId: from, directoryId: directory(letter), listed };
  const effects = core.step({ type: 'asked', callId: 7, question });
  return effects.find((effect) => effect.type === 'answer')?.answer;
}

function hears(core: RaftBootstrap, from: VoterId, round: number, answer: BootstrapAnswer): readonly BootstrapEffect[] {
  return core.step({ type: 'answered', from, round, answer });
}

const kinds = (effects: readonly BootstrapEffect[]): readonly string[] => effects.map((effect) => effect.type);

/** A second voter to which founder `letter` is confirmed and promised; returns it and its round. */
function promisedTo(letter: string): { core: RaftBootstrap; round: number } {
  const core = voter(two, 'b');
  expect(asks(core, one, letter)).toEqual({ type: 'wait' });
  hears(core, one, 2, fresh(one, letter));
  expect(asks(core, one, letter)).toEqual(fresh(two, 'b'));
  return { core, round: 2 };
}

describe('founding', () => {
  test('a single listed voter founds at once and leads nobody astray before its set is durable', () => {
    const core = voter(one, 'a', [one]);
    expect(core.step({ type: 'ask-time' })).toEqual([{ type: 'persist', founding: setOf('a') }]);
    expect(asks(core, two, 'b')).toEqual({ type: 'wait' });
    expect(core.step({ type: 'persisted' })).toEqual([{ type: 'joined', founding: setOf('a'), standing: 'founder' }]);
    expect(asks(core, two, 'b')).toEqual({ type: 'member', founding: setOf('a') });
  });

  test('the founder waits for every listed voter, twice', () => {
    const core = voter(one, 'a');
    expect(kinds(core.step({ type: 'ask-time' }))).toEqual(['ask', 'ask']);
    hears(core, two, 1, fresh(two, 'b'));
    expect(core.unanswered).toEqual([three]);
    expect(kinds(core.step({ type: 'ask-time' }))).toEqual(['ask']);
    expect(kinds(hears(core, three, 1, fresh(three, 'c')))).toEqual(['ask', 'ask']);
    expect(hears(core, two, 2, fresh(two, 'b'))).toEqual([]);
    expect(hears(core, three, 2, fresh(three, 'c'))).toEqual([{ type: 'persist', founding: setOf('abc') }]);
  });

  test('an answer of an earlier round founds nothing, because its voter may have joined another set since', () => {
    const core = voter(one, 'a');
    hears(core, two, 1, fresh(two, 'b'));
    hears(core, three, 1, fresh(three, 'c'));
    hears(core, two, 2, fresh(two, 'b'));
    expect(hears(core, three, 1, fresh(three, 'c'))).toEqual([]);
    expect(core.unanswered).toEqual([three]);
  });

  test('a directory that changes between or within the rounds makes the founder start again', () => {
    const between = voter(one, 'a');
    hears(between, two, 1, fresh(two, 'b'));
    hears(between, three, 1, fresh(three, 'c'));
    hears(between, two, 2, fresh(two, 'd'));
    expect(kinds(hears(between, three, 2, fresh(three, 'c')))).toEqual(['ask', 'ask']);
    hears(between, two, 3, fresh(two, 'd'));
    expect(hears(between, three, 3, fresh(three, 'c'))).toEqual([{ type: 'persist', founding: setOf('adc') }]);

    const within = voter(one, 'a');
    hears(within, two, 1, fresh(two, 'b'));
    expect(kinds(hears(within, two, 1, fresh(two, 'd')))).toEqual(['ask', 'ask']);
    expect(within.unanswered).toEqual([two, three]);
  });

  test('voters that list different voters refuse each other and say so once', () => {
    const core = voter(one, 'a');
    const first = core.step({
      type: 'asked',
      callId: 1,
      question: { voterId: two, directoryId: directory('b'), listed: [one, two] },
    });
    expect(first).toEqual([
      { type: 'report', problem: { type: 'lists-differ', with: two, ours: three123, theirs: [one, two] } },
      { type: 'answer', callId: 1, answer: { type: 'lists-differ', listed: three123 } },
    ]);
    expect(hears(core, two, 1, { type: 'lists-differ', listed: [one, two] })).toEqual([]);
    expect(core.unanswered).toEqual([two, three]);
  });
});

describe('adopting', () => {
  test('a fresh voter adopts the set that names its directory', () => {
    const { core, round } = promisedTo('a');
    const founding = setOf('abc');
    expect(hears(core, one, round, { type: 'member', founding })).toEqual([{ type: 'persist', founding }]);
    expect(core.step({ type: 'persisted' })).toEqual([{ type: 'joined', founding, standing: 'founder' }]);
  });

  test('a voter that told a new founder it is fresh adopts nothing of the founder before', () => {
    const { core, round } = promisedTo('d');
    expect(hears(core, three, round, { type: 'member', founding: setOf('abc') })).toEqual([]);
    expect(kinds(hears(core, one, round, { type: 'member', founding: setOf('dbc') }))).toEqual(['persist']);
  });

  test('a late question of a wiped founder is not answered as fresh and takes no promise back', () => {
    const { core } = promisedTo('d');
    expect(asks(core, one, 'a')).toEqual({ type: 'wait' });
    expect(hears(core, three, 1, { type: 'member', founding: setOf('abc') })).toEqual([]);
    hears(core, one, 3, fresh(one, 'd'));
    expect(asks(core, one, 'a')).toEqual({ type: 'wait' });
    expect(asks(core, one, 'd')).toEqual(fresh(two, 'b'));
  });

  test('a founder asking quickly again does not outrun the answer that confirms it', () => {
    const core = voter(two, 'b');
    for (let time = 0; time < 3; time += 1) expect(asks(core, one, 'a')).toEqual({ type: 'wait' });
    hears(core, one, 2, fresh(one, 'a'));
    expect(asks(core, one, 'a')).toEqual(fresh(two, 'b'));
  });

  test('a wiped voter does not pass for the one it was: it joins as an outsider and tells what to do', () => {
    const core = voter(two, 'd');
    const founding = setOf('abc');
    hears(core, three, 1, { type: 'member', founding });
    expect(core.step({ type: 'persisted' })).toEqual([
      {
        type: 'report',
        problem: { type: 'directory-replaced', founding, known: directory('b'), ours: directory('d') },
      },
      { type: 'joined', founding, standing: 'outsider' },
    ]);
    expect(standingIn(founding, { voterId: two, directoryId: directory('b') })).toBe('founder');
  });

  test('a node that the founders did not list joins as an outsider and never founds', () => {
    const core = voter(voterId(4), 'e');
    expect(kinds(core.step({ type: 'ask-time' }))).toEqual(['ask', 'ask', 'ask']);
    for (const id of three123) hears(core, id, 1, fresh(id, 'abc'[id - 1] ?? ''));
    expect(kinds(core.step({ type: 'ask-time' }))).toEqual(['ask', 'ask', 'ask']);
    hears(core, one, 1, { type: 'member', founding: setOf('abc') });
    expect(
      core.step({ type: 'persisted' }).map((effect) => (effect.type === 'report' ? effect.problem.type : effect.type)),
    ).toEqual(['not-a-founder', 'joined']);
  });

  test('a founder that hears of its own set has a disk that forgets and takes nothing back', () => {
    const core = voter(one, 'a');
    expect(hears(core, two, 1, { type: 'member', founding: setOf('abc') })).toEqual([
      { type: 'report', problem: { type: 'founding-lost', founding: setOf('abc') } },
    ]);
  });

  test('a set whose id is not its hash is reported and not adopted', () => {
    const core = voter(two, 'b');
    const founding = { ...setOf('abc'), clusterId: setOf('abd').clusterId };
    expect(hears(core, one, 1, { type: 'member', founding }).map((effect) => effect.type)).toEqual(['report']);
  });

  test('a voter that holds a set tells it from its first moment on', () => {
    const core = voter(two, 'b', three123, setOf('abc'));
    expect(core.step({ type: 'ask-time' })).toEqual([]);
    expect(asks(core, one, 'd')).toEqual({ type: 'member', founding: setOf('abc') });
  });
});

describe('founding sets', () => {
  test('the cluster id is a hash of who founded it, whatever the order of listing', () => {
    const { voters, clusterId } = setOf('abc');
    expect(foundingSet(voters.toReversed())).toEqual(setOf('abc'));
    expect(setOf('abd').clusterId).not.toBe(clusterId);
    expect(foundingSet(voters.map((each) => ({ ...each, apiEndpoint: 'elsewhere' }))).clusterId).not.toBe(clusterId);
  });

  test('a set from outside is taken only with its own order and hash', () => {
    const set = setOf('abc');
    expect(checkFoundingSet(set).ok).toBe(true);
    expect(checkFoundingSet({ ...set, voters: set.voters.toReversed() }).ok).toBe(false);
    expect(checkFoundingSet({ ...set, voters: set.voters.slice(1) }).ok).toBe(false);
    expect(checkFoundingSet({ ...set, voters: [] }).ok).toBe(false);
    expect(checkFoundingSet({ ...set, clusterId: setOf('abd').clusterId }).ok).toBe(false);
  });
});
