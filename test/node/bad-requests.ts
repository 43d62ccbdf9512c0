/**
 * Bad requests, made from the descriptors of the public API: for every field of every request, at any depth, values that
 * no honest caller sends. A field that is added to a proto file gets its bad values by itself.
 *
 * A bad request is a sound one with one more field at its end, so that everything else in it is right.
 */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
// Teaches protobufjs to read descriptors.
import 'protobufjs/ext/descriptor.js';

export interface PublicMethod {
  /** package.Service/Method. */
  readonly path: string;
  readonly request: protobuf.Type;
  readonly isStreaming: boolean;
}

export interface BadRequest {
  /** Field and value, for the name of a failure. */
  readonly what: string;
  /** To be put behind a sound request. */
  readonly suffix: Uint8Array;
}

const generated = new URL('../../src/wire/generated/descriptors.binpb', import.meta.url);

/** Every method of every service of odradek.v1, as the shipped descriptors have it. */
export function publicMethods(): readonly PublicMethod[] {
  const root = protobuf.Root.fromDescriptor(readFileSync(generated));
  root.resolveAll();
  const services = root.lookup('odradek.v1') as protobuf.Namespace;
  return services.nestedArray.flatMap((service) => {
    if (!(service instanceof protobuf.Service)) return [];
    return service.methodsArray.map((method) => {
      method.resolve();
      const { resolvedRequestType: request, responseStream } = method;
      if (request === null) throw new Error(`${method.fullName} has a request`);
      return { path: `odradek.v1.${service.name}/${method.name}`, request, isStreaming: responseStream === true };
    });
  });
}

/** What no request survives, and what every request has to: bytes that no field asks for. */
export const badMessages: readonly BadRequest[] = [
  { what: 'ends in a tag', suffix: Buffer.from([0x80]) },
  { what: 'field number 0', suffix: Buffer.from([0x00, 0x01]) },
  { what: 'all bits', suffix: Buffer.alloc(40, 0xff) },
  { what: 'a field of a later release', suffix: lengthDelimited(1000, Buffer.from('new')) },
  { what: 'a large field of a later release', suffix: lengthDelimited(1000, Buffer.alloc(1_100_000)) },
];

/** For messages that hold themselves. */
const depthMax = 5;

export function badRequests(type: protobuf.Type, depth = 0): readonly BadRequest[] {
  return type.fieldsArray.flatMap((field) => {
    const here = [...badValues(field), ...notEvenThat(field)].map(({ what, suffix }) => ({
      what: `${field.name}: ${what}`,
      suffix,
    }));
    const inner = field.resolvedType instanceof protobuf.Type && depth < depthMax ? field.resolvedType : undefined;
    const below = (inner === undefined ? [] : badRequests(inner, depth + 1)).map(({ what, suffix }) => ({
      what: `${field.name}.${what}`,
      suffix: lengthDelimited(field.id, suffix),
    }));
    return [...here, ...below];
  });
}

function badValues(field: protobuf.Field): readonly BadRequest[] {
  const once = valuesOf(field).map(({ what, suffix }) => ({ what, suffix }));
  if (!field.repeated) return once;
  const [some] = valuesOf(field);
  const many =
    some === undefined ? [] : [{ what: '5000 times', suffix: Buffer.concat(new Array(5000).fill(some.suffix)) }];
  const twice = once
    .slice(0, 3)
    .map(({ what, suffix }) => ({ what: `twice ${what}`, suffix: Buffer.concat([suffix, suffix]) }));
  return [...once, ...twice, ...many];
}

function valuesOf(field: protobuf.Field): readonly BadRequest[] {
  const { id, type, resolvedType } = field;
  if (resolvedType instanceof protobuf.Enum)
    return [99, -1, 2 ** 31 - 1].map((value) => ({ what: `number ${value}`, suffix: varint(id, BigInt(value)) }));
  if (resolvedType !== null) return [{ what: 'empty', suffix: lengthDelimited(id, new Uint8Array(0)) }];
  switch (type) {
    case 'string':
      return texts.map(([what, text]) => ({ what, suffix: lengthDelimited(id, Buffer.from(text)) }));
    case 'bytes':
      return [0, 1, 100_000].map((length) => ({
        what: `${length} bytes`,
        suffix: lengthDelimited(id, new Uint8Array(length)),
      }));
    case 'double':
    case 'float':
      return [Number.NaN, Infinity, -Infinity, -0, Number.MAX_VALUE].map((value) => ({
        what: String(value),
        suffix: floating(id, type, value),
      }));
    case 'fixed32':
    case 'sfixed32':
      return [{ what: 'all bits', suffix: Buffer.concat([tag(id, 5), Buffer.alloc(4, 0xff)]) }];
    case 'fixed64':
    case 'sfixed64':
      return [{ what: 'all bits', suffix: Buffer.concat([tag(id, 1), Buffer.alloc(8, 0xff)]) }];
    default:
      return integers.map((value) => ({ what: String(value), suffix: varint(id, value) }));
  }
}

/** Bytes that are no value of the field's type at all. */
function notEvenThat({ id, type, resolvedType }: protobuf.Field): readonly BadRequest[] {
  const isLengthDelimited = type === 'string' || type === 'bytes' || resolvedType instanceof protobuf.Type;
  const wrongType = isLengthDelimited ? varint(id, 1n) : lengthDelimited(id, Buffer.from('?'));
  return [
    { what: 'another wire type', suffix: wrongType },
    { what: 'cut short', suffix: Buffer.concat([tag(id, 2), Buffer.from([100, 1, 2])]) },
    ...(isLengthDelimited
      ? [{ what: 'bytes that are no text', suffix: lengthDelimited(id, Buffer.from([0xc3, 0x28])) }]
      : []),
    { what: 'a group that does not end', suffix: tag(id, 3) },
  ];
}

const integers = [-1n, 0n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 64n - 1n];

const texts: readonly (readonly [what: string, text: string])[] = [
  ['empty', ''],
  ['a space', ' '],
  ['dots', '..'],
  ['a path', '../../etc/passwd'],
  ['a name of every object', '__proto__'],
  ['a null character', 'a\u0000b'],
  ['a line break', 'a\nb'],
  ['beyond ASCII', '\u00e4\u{1f9f5}'],
  ['a replacement character', '\ufffd'],
  ['250 characters', 'x'.repeat(250)],
  ['10000 characters', 'x'.repeat(10_000)],
  ['70000 characters', 'x'.repeat(70_000)],
  ['32 hex digits', 'e'.repeat(32)],
  ['a negative number', '-1'],
  ['a huge number', '9'.repeat(400)],
];

function tag(id: number, wireType: number): Buffer {
  return varintBytes(BigInt(id * 8 + wireType));
}

function varint(id: number, value: bigint): Buffer {
  return Buffer.concat([tag(id, 0), varintBytes(BigInt.asUintN(64, value))]);
}

function varintBytes(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    bytes.push(Number(left & 0x7fn) | (left > 0x7fn ? 0x80 : 0));
    left >>= 7n;
  } while (left > 0n);
  return Buffer.from(bytes);
}

function lengthDelimited(id: number, content: Uint8Array): Buffer {
  return Buffer.concat([tag(id, 2), varintBytes(BigInt(content.length)), content]);
}

function floating(id: number, type: 'double' | 'float', value: number): Buffer {
  const bytes = Buffer.alloc(type === 'double' ? 8 : 4);
  if (type === 'double') bytes.writeDoubleLE(value);
  else bytes.writeFloatLE(value);
  return Buffer.concat([tag(id, type === 'double' ? 1 : 5), bytes]);
}
