/**
 * Rules about words: names that say their unit, switches that name every case, and no note about what is unfinished.
 */
import { partnersOf } from './functions.ts';
import { isSource, perFile, type Rule, type SourceFile } from './source-file.ts';

// Written in halves, so that this list is not a finding of its own.
const unfinished = [
  ['TO', 'DO'],
  ['FIX', 'ME'],
  ['XX', 'X'],
  ['HA', 'CK'],
  ['W', 'IP'],
].map((halves) => halves.join(''));
const unfinishedPattern = new RegExp(`\\b(?:${unfinished.join('|')})\\b`);

/** A number with such a name is seconds to one reader and milliseconds to the next. */
const unitlessPattern =
  /^#?(?:timeout|delay|interval|deadline|duration|elapsed|age)$|(?:Timeout|Delay|Interval|Deadline|Duration|Elapsed|Age)$/;

export const wordRules: readonly Rule[] = [
  perFile('unfinished', 'leaves no note about what is unfinished', ({ text }) =>
    text.split('\n').flatMap((line, at) => {
      const word = unfinishedPattern.exec(line)?.[0];
      return word === undefined ? [] : [{ line: at + 1, what: word }];
    }),
  ),
  perFile('unit', 'says the unit of a time in its name', (file) => (isSource(file) ? findUnitless(file) : [])),
  perFile('switch', 'ends its switches with assertUnreachable', (file) =>
    isSource(file) ? findOpenSwitches(file) : [],
  ),
];

function findUnitless({ code }: SourceFile): { line: number; what: string }[] {
  return code.flatMap(({ kind, text, line }, at) => {
    const colon = code[at + 1]?.text === '?' ? at + 2 : at + 1;
    const isNumber = code[colon]?.text === ':' && code[colon + 1]?.text === 'number';
    return kind === 'name' && isNumber && unitlessPattern.test(text) ? [{ line, what: `${text} of what` }] : [];
  });
}

function findOpenSwitches({ code }: SourceFile): { line: number; what: string }[] {
  const partners = partnersOf(code);
  return code.flatMap(({ kind, text, line }, at) => {
    if (kind !== 'name' || text !== 'switch' || code[at + 1]?.text !== '(') return [];
    const body = (partners.get(at + 1) ?? at) + 1;
    const words = code.slice(body, partners.get(body) ?? body).map((token) => token.text);
    // What is left may also be handed on: the parameter's type then fails to compile as assertUnreachable's would.
    const atDefault = words.lastIndexOf('default');
    const endsWell = atDefault >= 0 && words.indexOf('(', atDefault) > 0;
    return endsWell ? [] : [{ line, what: 'a switch without assertUnreachable' }];
  });
}
