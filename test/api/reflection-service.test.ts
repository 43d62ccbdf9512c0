import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { reflectionServices } from '../../src/api/reflection-service.ts';
import { google, grpc } from '../../src/wire/generated/messages.js';
import { readDescriptorSet } from '../../src/wire/file-descriptors.ts';
import type { MemoryCall } from './memory-call.ts';
import { detailsOf, malformedBytes, TestServer } from './service-host.ts';

const descriptorSet = readFileSync(new URL('../../src/wire/generated/descriptors.binpb', import.meta.url));
const services = ['grpc.health.v1.Health', 'odradek.v1.MetadataService', 'odradek.v1.QuorumService'];
const wire = grpc.reflection.v1;
const paths = [
  'grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
] as const;

function startCall(path: string = paths[0], creditBytes = 1024 * 1024): MemoryCall {
  const source = { descriptorSet: () => descriptorSet, services };
  return new TestServer([...reflectionServices(source)]).call(path, { creditBytes });
}

type Question = Parameters<typeof wire.ServerReflectionRequest.encode>[0];

function ask(question: Question): ReturnType<typeof wire.ServerReflectionResponse.decode> {
  const call = startCall().message(wire.ServerReflectionRequest.encode(question).finish());
  return wire.ServerReflectionResponse.decode(call.sent[0] ?? malformedBytes);
}

/** Names of the files that answer a question, as a tool reads them. */
function filesFor(question: Question): string[] {
  const files = ask(question).fileDescriptorResponse?.fileDescriptorProto ?? [];
  const asSet = files.flatMap((file) => readDescriptorSet(new Uint8Array([0x0a, ...varint(file.length), ...file])));
  return asSet.map((file) => file.name);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

test.each(paths)('%s lists exactly the services that the node serves', (path) => {
  const call = startCall(path).message(wire.ServerReflectionRequest.encode({ listServices: '' }).finish());
  const reply = wire.ServerReflectionResponse.decode(call.sent[0] ?? malformedBytes);
  expect(reply.listServicesResponse?.service?.map(({ name }) => name)).toEqual(services);
});

test('a symbol brings its file first and everything that it imports', () => {
  expect(filesFor({ fileContainingSymbol: 'odradek.v1.MetadataService' })).toEqual([
    'odradek/v1/metadata_service.proto',
    'google/protobuf/timestamp.proto',
    'odradek/v1/consistency.proto',
    'odradek/v1/error.proto',
  ]);
});

test.each([
  ['a method', 'odradek.v1.QuorumService.GetQuorum'],
  ['a message', 'odradek.v1.QuorumVoter'],
  ['a field', 'odradek.v1.QuorumVoter.node_id'],
  ['an enum', 'odradek.v1.QuorumRole'],
  ['an enum value', 'odradek.v1.QUORUM_ROLE_LEADER'],
])('%s is found by its full name', (_kind, symbol) => {
  expect(filesFor({ fileContainingSymbol: symbol })).toEqual(['odradek/v1/quorum_service.proto']);
});

test('nested messages, error details and files are found by name', () => {
  expect(filesFor({ fileContainingSymbol: 'google.rpc.BadRequest.FieldViolation' })).toContain(
    'google/rpc/error_details.proto',
  );
  expect(filesFor({ fileByFilename: 'grpc/health/v1/health.proto' })).toEqual(['grpc/health/v1/health.proto']);
});

test('descriptors keep the comments of the proto files', () => {
  const [file] = ask({ fileByFilename: 'odradek/v1/quorum_service.proto' }).fileDescriptorResponse
    ?.fileDescriptorProto ?? [new Uint8Array(0)];
  expect(Buffer.from(file ?? []).toString('latin1')).toContain('The group as the answering node sees it.');
});

test('extension numbers are told for a message and refused for what is none', () => {
  expect(ask({ allExtensionNumbersOfType: 'odradek.v1.QuorumVoter' }).allExtensionNumbersResponse).toMatchObject({
    baseTypeName: 'odradek.v1.QuorumVoter',
    extensionNumber: [],
  });
  expect(ask({ allExtensionNumbersOfType: 'nobody' }).errorResponse?.errorCode).toBe(5);
});

test.each([
  [{ fileContainingSymbol: 'odradek.v1.Nobody' }],
  [{ fileByFilename: 'nobody.proto' }],
  [{ fileContainingExtension: { containingType: 'odradek.v1.QuorumVoter', extensionNumber: 1000 } }],
])('%o is not found, says so, and echoes the question', (question) => {
  const reply = ask(question);
  expect(reply.errorResponse?.errorCode).toBe(5);
  expect(reply.errorResponse?.errorMessage).toContain('list_services');
  expect(wire.ServerReflectionRequest.encode(reply.originalRequest ?? {}).finish()).toEqual(
    wire.ServerReflectionRequest.encode(question).finish(),
  );
});

test('peer protocols are not shown', () => {
  const everything = readDescriptorSet(descriptorSet);
  for (const file of everything.filter(({ packageName }) => packageName.startsWith('odradek.internal'))) {
    expect(ask({ fileByFilename: file.name }).errorResponse?.errorCode).toBe(5);
    for (const symbol of file.symbols) expect(ask({ fileContainingSymbol: symbol }).errorResponse?.errorCode).toBe(5);
  }
});

test('a question without a question is refused inside the answer', () => {
  expect(ask({}).errorResponse?.errorCode).toBe(3);
});

test('malformed questions end the call with a typed error', async () => {
  const status = await startCall().message(malformedBytes).closed();
  expect(detailsOf(status).reason).toBe('INVALID_REQUEST');
});

test('a client that does not read gets no credit back and a bounded queue', async () => {
  const question = wire.ServerReflectionRequest.encode({ listServices: '' }).finish();
  const call = startCall(paths[0], 1).message(question);
  const released = call.releasedBytes;
  expect(released).toBe(question.length);
  for (let asked = 0; asked < 64; asked += 1) call.message(question);
  expect(call.sent).toHaveLength(1);
  expect(call.releasedBytes).toBe(released);
  call.message(question);
  expect(detailsOf(await call.closed()).metadata).toEqual({ limit: 'questionsWaitingMax', value: '64' });
});

test('questions asked before the end are all answered before the call closes', async () => {
  const question = wire.ServerReflectionRequest.encode({ listServices: '' }).finish();
  const call = startCall(paths[0], 1).message(question).message(question).end();
  expect(call.status).toBeUndefined();
  call.grantCredit(10_000);
  expect((await call.closed()).name).toBe('ok');
  expect(call.sent).toHaveLength(2);
});

test('extensions are indexed by the message that they extend', () => {
  // extend Target { optional int32 mark = 1000; } as a compiler writes it.
  const bytes = descriptorSetWithExtension();
  const [file] = readDescriptorSet(bytes);
  expect(file?.extensions).toEqual([{ extendee: 'demo.Target', number: 1000 }]);
  expect(file?.symbols).toEqual(['demo.Target', 'demo.mark']);
});

function descriptorSetWithExtension(): Uint8Array {
  const text = (number: number, value: string): number[] => [
    (number << 3) | 2,
    ...varint(value.length),
    ...Buffer.from(value),
  ];
  const group = (number: number, bytes: number[]): number[] => [(number << 3) | 2, ...varint(bytes.length), ...bytes];
  const extension = [...text(1, 'mark'), ...text(2, '.demo.Target'), (3 << 3) | 0, ...varint(1000)];
  const file = [...text(1, 'demo.proto'), ...text(2, 'demo'), ...group(4, text(1, 'Target')), ...group(7, extension)];
  return Uint8Array.from(group(1, file));
}

test('error details that a node sends can be resolved by reflection', () => {
  const any = google.protobuf.Any.encode({ type_url: 'type.googleapis.com/google.rpc.ErrorInfo' }).finish();
  expect(any.length).toBeGreaterThan(0);
  expect(filesFor({ fileContainingSymbol: 'google.rpc.ErrorInfo' })[0]).toBe('google/rpc/error_details.proto');
});
