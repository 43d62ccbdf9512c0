/**
 * Words that say "not done": what is not done belongs into the README's table or into nobody's way.
 */
import { perFile, type Rule } from './source-file.ts';

// Written in halves, so that this list is not a finding of its own.
const unfinished = [
  ['TO', 'DO'],
  ['FIX', 'ME'],
  ['XX', 'X'],
  ['HA', 'CK'],
  ['W', 'IP'],
].map((halves) => halves.join(''));
const pattern = new RegExp(`\\b(?:${unfinished.join('|')})\\b`);

export const wordRules: readonly Rule[] = [
  perFile('unfinished', 'leaves no note about what is unfinished', ({ text }) =>
    text.split('\n').flatMap((line, at) => {
      const word = pattern.exec(line)?.[0];
      return word === undefined ? [] : [{ line: at + 1, what: word }];
    }),
  ),
];
