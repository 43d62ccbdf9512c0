/**
 * Planted bugs of what a voter runs around its core: Q for quorum, and the catalogue's X22. The simulated voters
 * are to kill them, because what they break shows only where driver, store and state machine meet.
 */
import type { Mutant } from './mutant.ts';

type Plan = Pick<Mutant, 'id' | 'bug' | 'file' | 'find' | 'replace' | 'breaks'>;

const plans: readonly Plan[] = [
  {
    id: 'X22',
    bug: 'a snapshot holds a later state than the index that it names',
    file: 'src/quorum/snapshot-keeper.ts',
    find: 'const snapshot = await store.writeSnapshot(wanted);',
    replace: `await store.entries({ from: wanted.index, to: wanted.index, bytesMax: 1 });
    const snapshot = await store.writeSnapshot({ ...wanted, content: this.#options.machine.snapshot() });`,
    breaks: /R5: equal indexes have equal states/,
  },
  {
    id: 'Q01',
    bug: 'a snapshot names the voters of another index than its own',
    file: 'src/quorum/snapshot-keeper.ts',
    find: "else if (payload.type === 'voters') this.#voters = payload.voters;",
    replace: '',
    breaks: /R1[1-4]|voters|converges/,
  },
  {
    id: 'Q02',
    bug: 'replies go to whoever asked for the entry before',
    file: 'src/quorum/snapshot-keeper.ts',
    find: 'commands.map(({ index }, at) => [index, replies[at] ?? nothing])',
    replace: 'commands.map(({ index }, at) => [index, replies[Math.max(0, at - 1)] ?? nothing])',
    breaks: /R17|R10/,
  },
  {
    id: 'Q03',
    bug: 'a voter talks to a peer without looking at the directory that is meant',
    file: 'src/raft/peer-hello.ts',
    find: 'if (hello.toDirectory !== self.directoryId)',
    replace: 'if (hello.toDirectory !== self.directoryId && hello.fromDirectory === hello.toDirectory)',
    breaks: /directory|R13/,
  },
  {
    id: 'Q04',
    bug: 'a command that once had an unknown outcome is called refused after all',
    file: 'src/quorum/leader-caller.ts',
    find: "if (answer.type === 'outcome-unknown') isUnknown = true;",
    replace: '',
    breaks: /R17: what was refused is not applied/,
  },
];

export const quorumMutants: readonly Mutant[] = plans.map((plan) => ({
  ...plan,
  tests: ['test/quorum'],
  scenario: 'raft',
}));
