/**
 * Bugs that can be planted into the toy register, to see the simulator find them.
 */
export const toyBugs = [
  'acknowledges before the sync',
  'reads without writing back',
  'takes one replica for a quorum',
  'starts over with what is left of a damaged journal',
  'serves what it read without making it durable again',
  'reuses its writer id after a restart',
  'asks only once',
] as const;
export type ToyBug = (typeof toyBugs)[number];
