/**
 * What a compiled descriptor set holds: each file's raw bytes, its imports, and every name it defines.
 *
 * The raw bytes are what reflection must hand out: a descriptor that was decoded and encoded again loses comments
 * and options. So only the few fields that name things are read here, field by field; numbers are those of
 * google/protobuf/descriptor.proto.
 */
import { assert } from '../base/assert.ts';
import { Reader } from './protobuf-runtime.ts';

export interface DescriptorFile {
  readonly name: string;
  readonly packageName: string;
  readonly imports: readonly string[];
  /** Full names of all messages, fields, oneofs, enums, enum values, services, methods and extensions. */
  readonly symbols: readonly string[];
  /** Full names of the services alone. */
  readonly services: readonly string[];
  readonly extensions: readonly { readonly extendee: string; readonly number: number }[];
  readonly bytes: Uint8Array;
}

/** The set is part of the build, so anything unreadable in it is a bug and may throw. */
export function readDescriptorSet(descriptorSet: Uint8Array): readonly DescriptorFile[] {
  const files = fieldsOf(descriptorSet)
    .filter((field) => field.number === 1)
    .map((field) => readFile(field.bytes));
  assert(files.length > 0, 'a descriptor set holds at least one file', { bytes: descriptorSet.length });
  return files;
}

interface Field {
  readonly number: number;
  /** Payload of a length-delimited field; empty for others. */
  readonly bytes: Uint8Array;
  /** Value of a varint field; 0 for others. */
  readonly varint: number;
}

const none = new Uint8Array(0);

function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const reader = Reader.create(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (wireType === 2) fields.push({ number, bytes: reader.bytes(), varint: 0 });
    else if (wireType === 0) fields.push({ number, bytes: none, varint: reader.int32() });
    else reader.skipType(wireType);
  }
  return fields;
}

const utf8 = new TextDecoder();

function texts(fields: readonly Field[], number: number): readonly string[] {
  return fields.filter((field) => field.number === number).map((field) => utf8.decode(field.bytes));
}

/** The `name` field has number 1 in every descriptor message. */
function nameIn(scope: string, bytes: Uint8Array): string {
  const [name] = texts(fieldsOf(bytes), 1);
  assert(name !== undefined, 'everything in a descriptor has a name', { scope });
  return scope === '' ? name : `${scope}.${name}`;
}

class Names {
  readonly symbols: string[] = [];
  readonly services: string[] = [];
  readonly extensions: { extendee: string; number: number }[] = [];

  addMessage(scope: string, bytes: Uint8Array): void {
    const fullName = nameIn(scope, bytes);
    this.symbols.push(fullName);
    for (const field of fieldsOf(bytes)) {
      if (field.number === 2 || field.number === 8) this.symbols.push(nameIn(fullName, field.bytes));
      if (field.number === 3) this.addMessage(fullName, field.bytes);
      if (field.number === 4) this.addEnum(fullName, field.bytes);
      if (field.number === 6) this.addExtension(fullName, field.bytes);
    }
  }

  /** Enum values live in the scope around their enum, as in C++. */
  addEnum(scope: string, bytes: Uint8Array): void {
    this.symbols.push(nameIn(scope, bytes));
    for (const field of fieldsOf(bytes)) if (field.number === 2) this.symbols.push(nameIn(scope, field.bytes));
  }

  addService(scope: string, bytes: Uint8Array): void {
    const fullName = nameIn(scope, bytes);
    this.symbols.push(fullName);
    this.services.push(fullName);
    for (const field of fieldsOf(bytes)) if (field.number === 2) this.symbols.push(nameIn(fullName, field.bytes));
  }

  addExtension(scope: string, bytes: Uint8Array): void {
    const fields = fieldsOf(bytes);
    this.symbols.push(nameIn(scope, bytes));
    const extendee = texts(fields, 2)[0] ?? '';
    const number = fields.find((field) => field.number === 3)?.varint ?? 0;
    // Type references are written with a leading dot.
    this.extensions.push({ extendee: extendee.replace(/^\./, ''), number });
  }
}

function readFile(bytes: Uint8Array): DescriptorFile {
  const fields = fieldsOf(bytes);
  const packageName = texts(fields, 2)[0] ?? '';
  const names = new Names();
  for (const field of fields) {
    if (field.number === 4) names.addMessage(packageName, field.bytes);
    if (field.number === 5) names.addEnum(packageName, field.bytes);
    if (field.number === 6) names.addService(packageName, field.bytes);
    if (field.number === 7) names.addExtension(packageName, field.bytes);
  }
  return {
    name: nameIn('', bytes),
    packageName,
    imports: texts(fields, 3),
    symbols: names.symbols,
    services: names.services,
    extensions: names.extensions,
    bytes,
  };
}
