import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs/minimal.js';
import { expect, test } from 'vitest';
import { errorCodes } from '../../src/base/error-codes.ts';

const { Reader } = protobuf;

/** Field numbers of descriptor.proto, as far as this test reads it. */
const fields = {
  set: { file: 1 },
  file: { name: 1, enumType: 5, sourceCodeInfo: 9 },
  enumType: { name: 1, value: 2 },
  value: { name: 1, number: 2 },
  info: { location: 1 },
  location: { path: 1, leadingComments: 3 },
} as const;

/** A message as its raw fields: enough to walk descriptors without generating code for them. */
class RawMessage {
  readonly #fields = new Map<number, (Uint8Array | number)[]>();

  constructor(bytes: Uint8Array) {
    const reader = Reader.create(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const wireType = tag & 7;
      if (wireType !== 0 && wireType !== 2) reader.skipType(wireType);
      else this.#add(tag >>> 3, wireType === 2 ? reader.bytes() : reader.uint32());
    }
  }

  messages(field: number): RawMessage[] {
    return this.#bytes(field).map((bytes) => new RawMessage(bytes));
  }

  text(field: number): string {
    return Buffer.concat(this.#bytes(field)).toString();
  }

  number(field: number): number {
    return Number(this.#fields.get(field)?.[0] ?? 0);
  }

  packed(field: number): number[] {
    const reader = Reader.create(Buffer.concat(this.#bytes(field)));
    const numbers: number[] = [];
    while (reader.pos < reader.len) numbers.push(reader.uint32());
    return numbers;
  }

  #bytes(field: number): Uint8Array[] {
    return (this.#fields.get(field) ?? []).filter((value) => value instanceof Uint8Array);
  }

  #add(field: number, value: Uint8Array | number): void {
    const values = this.#fields.get(field) ?? [];
    values.push(value);
    this.#fields.set(field, values);
  }
}

interface DescribedCode {
  readonly name: string;
  readonly code: number;
  readonly meaning: string;
}

/** The error enum as the shipped descriptors have it, comments included: what reflection shows to people. */
function describedCodes(): DescribedCode[] {
  const set = new RawMessage(readFileSync(new URL('../../src/wire/generated/descriptors.binpb', import.meta.url)));
  const file = set.messages(fields.set.file).find((each) => each.text(fields.file.name) === 'odradek/v1/error.proto');
  const locations = file?.messages(fields.file.sourceCodeInfo)[0]?.messages(fields.info.location) ?? [];
  const comments = new Map(
    locations.map((each) => [each.packed(fields.location.path).join('.'), each.text(fields.location.leadingComments)]),
  );
  return (file?.messages(fields.file.enumType) ?? []).flatMap((enumType, enumAt) =>
    enumType.messages(fields.enumType.value).map((value, at) => ({
      name: value.text(fields.value.name).replace('ERROR_CODE_', '').toLowerCase().replaceAll('_', '-'),
      code: value.number(fields.value.number),
      meaning: (comments.get([5, enumAt, 2, at].join('.')) ?? '').trim().replaceAll(/\s*\n\s*/g, ' '),
    })),
  );
}

test('reflection shows the numbers, names and meanings of the table of errors', () => {
  const rows = Object.entries(errorCodes).map(([name, { code, meaning }]) => ({ name, code, meaning }));
  const described = describedCodes().filter(({ code }) => code !== 0);
  const byCode = (left: DescribedCode, right: DescribedCode): number => left.code - right.code;
  expect(described.toSorted(byCode)).toEqual(rows.toSorted(byCode));
});
