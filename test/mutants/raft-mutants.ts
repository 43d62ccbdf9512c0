/**
 * Bugs that real implementations of Raft had, or that the papers warn of, planted in the core.
 */
import type { Mutant } from './mutant.ts';

const tests = ['test/raft'];

export const raftMutants: readonly Mutant[] = [
  {
    id: 'X01',
    bug: 'a vote is told before it is durable',
    file: 'src/raft/raft-core.ts',
    find: `    if (this.persistence.isHardStateDurable) {
      this.send(to, message);`,
    replace: `    if (message.type === 'vote-reply' || this.persistence.isHardStateDurable) {
      this.#effects.push({ type: 'send', to, message });`,
    tests,
    breaks: /R6: a (?:vote|term) is durable/,
  },
  {
    id: 'X02',
    bug: 'the term is written without the vote that belongs to it',
    file: 'src/raft/raft-persistence.ts',
    find: 'hardState: this.isHardStateDurable ? undefined : this.#hardState,\n      truncateFrom',
    replace: `hardState: this.isHardStateDurable ? undefined : { term: this.#hardState.term, votedFor: undefined },
      truncateFrom`,
    tests,
    breaks: /R6: a (?:vote|candida)/,
  },
  {
    id: 'X03',
    bug: 'a follower acknowledges entries before they are durable',
    file: 'src/raft/raft-follower.ts',
    find: 'const matchedIndex = logIndex(Math.min(role.verifiedIndex, persistence.durableIndex));',
    replace: 'const matchedIndex = role.verifiedIndex;',
    tests,
    breaks: /R7: what is acknowledged/,
  },
  {
    id: 'X04',
    bug: 'an empty or repeated append is acknowledged without waiting for the disk',
    file: 'src/raft/raft-follower.ts',
    find: 'const matchedIndex = logIndex(Math.min(role.verifiedIndex, persistence.durableIndex));',
    replace: `const matchedIndex = role.isAckDue
    ? role.verifiedIndex
    : logIndex(Math.max(role.ackedIndex, Math.min(role.verifiedIndex, persistence.durableIndex)));`,
    tests,
    breaks: /R7: what is acknowledged/,
  },
  {
    id: 'X05',
    bug: 'a leader counts its own copy before it is durable',
    file: 'src/raft/raft-leader.ts',
    find: 'if (voter.voterId === core.voterId) return core.persistence.durableIndex;',
    replace: 'if (voter.voterId === core.voterId) return core.log.lastIndex;',
    tests,
    breaks: /R7: what is committed is durable on a majority/,
  },
  {
    id: 'X06',
    bug: 'a leader commits entries of an earlier term by counting them',
    file: 'src/raft/raft-leader.ts',
    find: `  if (candidate < role.firstOwnIndex) return;
  assert(core.log.mustTermAt(candidate) === core.term, 'a leader commits its own entries by counting', () => ({
    candidate,
  }));`,
    replace: '',
    tests,
    breaks: /R3: at each index one entry is committed|R4: a leader holds|R8|own entries/,
  },
  {
    id: 'X07',
    bug: 'every append cuts off what follows it',
    file: 'src/raft/raft-follower.ts',
    find: '  const lastFitting = appendFitting(core, message);',
    replace: `  const lastFitting = appendFitting(core, message);
  if (lastFitting < core.log.lastIndex) core.truncateFrom(logIndex(lastFitting + 1));`,
    tests,
    breaks:
      /what is committed is never truncated|an acknowledgement is never taken back|what is verified is in the log|R4|R7/,
  },
  {
    id: 'X08',
    bug: 'a follower takes over the commit index of its leader beyond what it has compared',
    file: 'src/raft/raft-follower.ts',
    find: 'core.commitTo(logIndex(Math.min(message.commitIndex, role.verifiedIndex)));',
    replace: 'core.commitTo(logIndex(Math.min(message.commitIndex, core.log.lastIndex)));',
    tests,
    breaks: /R3: at each index one entry is committed|R5|R9/,
  },
  {
    id: 'X09',
    bug: 'reads are answered without asking a majority',
    file: 'src/raft/raft-reads.ts',
    find: 'if (confirmedRound(core, role) < reads.confirmRound || core.commitIndex',
    replace: 'if (core.commitIndex',
    tests,
    breaks: /R10: a read sees all/,
  },
  {
    id: 'X10',
    bug: 'a read is answered before the leader has committed in its term',
    file: 'src/raft/raft-reads.ts',
    find: 'const index = logIndex(Math.max(core.commitIndex, role.firstOwnIndex));',
    replace: 'const index = core.commitIndex;',
    tests,
    breaks: /R10: a read sees all/,
  },
  {
    id: 'X11',
    bug: 'voters are changed before an entry of the term is committed',
    file: 'src/raft/raft-proposals.ts',
    find: "  if (!core.isTermCommitted) return refused({ type: 'term-not-committed' });\n",
    replace: '',
    tests,
    breaks: /R11: /,
  },
  {
    id: 'X12',
    bug: 'a second change of voters begins while the first is not committed',
    file: 'src/raft/raft-proposals.ts',
    find: 'if (isJoining || core.voterSets.current.index > core.commitIndex) return',
    replace: 'if (isJoining) return',
    tests,
    breaks: /R11: one change is committed before the next/,
  },
  {
    id: 'X13',
    bug: 'a peer that is only joining counts in the majority that commits',
    file: 'src/raft/raft-leader.ts',
    find: 'const candidate = committedByMajority(matched);',
    replace: `const joining = [...role.progress.values()].filter((progress) => !progress.isVoter);
  const candidate = committedByMajority([...matched, ...joining.map((progress) => progress.matchedIndex)]);`,
    tests,
    breaks: /R7: what is committed is durable on a majority|R12/,
  },
  {
    id: 'X14',
    bug: 'a wiped disk keeps its place as a voter: its votes and answers count',
    file: 'src/raft/raft-election.ts',
    find: 'if (!core.voterSets.includes(from, fromDirectory)) return;',
    replace: 'if (!core.voterSets.voters.some((voter) => voter.voterId === from)) return;',
    tests,
    breaks: /R13|R4: a leader holds|R1: /,
  },
  {
    id: 'X15',
    bug: 'a granted pre-vote is counted as a vote',
    file: 'src/raft/raft-election.ts',
    find: "if (role.name !== 'candidate' || !role.isPreVote || reply.requestTerm !== core.term) return;",
    replace: "if (role.name !== 'candidate') return;",
    tests,
    breaks: /R1: at most one leader|R15|R4: a leader holds/,
  },
  {
    id: 'X16',
    bug: 'granting a pre-vote resets the election timer',
    file: 'src/raft/raft-vote.ts',
    find: '  const { term } = core;\n  core.sendWhenDurable(from, { type: ',
    replace: `  const { term } = core;
  if (granted && core.role.name === 'follower') core.role.electionDeadlineMs = core.nextElectionDeadlineMs();
  core.sendWhenDurable(from, { type: `,
    tests,
    breaks: /R15|RL1/,
  },
  {
    id: 'X17',
    bug: 'voters that hear a leader help to unseat it',
    file: 'src/raft/raft-vote.ts',
    find: 'return core.nowMs - role.leaderHeardMs < limits.heartbeatMs + limits.electionTimeoutMsMin;',
    replace: 'return core.nowMs - role.leaderHeardMs < limits.heartbeatMs + limits.electionTimeoutMsMin && false;',
    tests,
    breaks: /RL3|stick|unseat|leader that is fine/,
  },
  {
    id: 'X17b',
    bug: 'a leader that hears no majority goes on leading',
    file: 'src/raft/raft-leader.ts',
    find: 'if (!hearsMajority(core, role)) {',
    replace: 'if (!hearsMajority(core, role) && false) {',
    tests,
    breaks: /RL2|resign/,
  },
  {
    id: 'X18',
    bug: 'a sole voter resigns because nobody answers it',
    file: 'src/raft/raft-leader.ts',
    find: 'if (voterId === core.voterId || (progress !== undefined &&',
    replace: 'if ((progress !== undefined &&',
    tests,
    breaks: /RL1|RL2|RL3|resign/,
  },
  {
    id: 'X19',
    bug: 'an installed snapshot keeps the conflicting rest of the log',
    file: 'src/raft/raft-snapshot-receiver.ts',
    find: '  return core.log.holds({ index: snapshot.lastIndex, term: snapshot.lastTerm });',
    replace: '  return core.log.lastIndex >= snapshot.lastIndex;',
    tests,
    breaks: /R14|R3|R4|R5|R7/,
  },
  {
    id: 'X21',
    bug: 'the completion of a write makes entries durable that have replaced those it wrote',
    file: 'src/raft/raft-persistence.ts',
    find: `    assert(this.#termAt(done.end.index) === done.end.term, 'a write completes for the entries it wrote', () => ({
      end: done.end,
    }));
    assert(done.end.index >= this.#durableIndex, 'what is durable stays durable', () => ({ end: done.end }));
    this.#durableIndex = done.end.index;`,
    replace: '    this.#durableIndex = this.#log.lastIndex;',
    tests,
    breaks: /R7: what is (?:acknowledged|committed)/,
  },
];
