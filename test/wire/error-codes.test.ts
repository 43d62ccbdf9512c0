import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorCodes } from '../../src/base/error-codes.ts';
import { reasonOf } from '../../src/api/api-problem.ts';
import type { ErrorName } from '../../src/base/error-codes.ts';

interface ProtoRow {
  readonly reason: string;
  readonly code: number;
  readonly meaning: string;
}

/** The enum as its proto file states it: comment, name, number. */
function protoRows(): ProtoRow[] {
  const proto = readFileSync(new URL('../../proto/odradek/v1/error.proto', import.meta.url), 'utf8');
  const rows = proto.matchAll(/((?:\n {2}\/\/ [^\n]*)+)\n {2}ERROR_CODE_(\w+) = (\d+);/g);
  return Array.from(rows, ([, comment = '', reason = '', code]) => ({
    reason,
    code: Number(code),
    meaning: comment.replaceAll(/\s*\/\/ /g, ' ').trim(),
  })).filter(({ code }) => code !== 0);
}

test('the table of errors and the public enum agree in names, numbers and meanings', () => {
  const ours = Object.entries(errorCodes).map(([name, { code, meaning }]) => ({
    reason: reasonOf(name as ErrorName),
    code,
    meaning,
  }));
  const byCode = (left: ProtoRow, right: ProtoRow): number => left.code - right.code;
  expect(ours.sort(byCode)).toEqual(protoRows().sort(byCode));
  expect(ours.length).toBeGreaterThan(5);
});
