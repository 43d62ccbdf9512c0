/**
 * Which layer may import which, and which packages: the table of the architecture as data and two rules.
 *
 * Type-only imports count like others, except where the table allows types alone.
 */
import { importsOf, type Import } from './module-syntax.ts';
import { isSource, layerOf, perFile, type Rule, type SourceFile } from './source-file.ts';

interface Layer {
  readonly imports: readonly string[];
  /** Layers of which only types may be imported. */
  readonly types?: readonly string[];
  readonly packages?: readonly string[];
}

const cores = ['raft', 'metadata', 'partition', 'group'];
const aboveAdapters = ['base', 'ports', 'record', ...cores, 'storage', 'wire', 'drive', 'quorum', 'broker', 'api'];
const anything = [...aboveAdapters, 'client', 'node', 'adapters', 'simulation', 'testing', 'cli', 'index', 'main'];

export const layers: Readonly<Record<string, Layer>> = {
  base: { imports: [] },
  ports: { imports: ['base'] },
  // Synchronous codecs and checksums only. node:module is for what may be missing and has a fallback in JavaScript.
  record: { imports: ['base'], packages: ['@node-rs/crc32', 'node:module', 'node:zlib'] },
  raft: { imports: ['base'] },
  metadata: { imports: ['base'] },
  group: { imports: ['base'] },
  partition: { imports: ['base', 'record'] },
  storage: { imports: ['base', 'ports', 'record'] },
  wire: { imports: ['base', 'ports', 'record'], types: cores, packages: ['protobufjs'] },
  drive: { imports: ['base', 'ports'] },
  quorum: { imports: ['base', 'ports', 'drive', 'storage', 'raft', 'metadata'] },
  broker: { imports: ['base', 'ports', 'drive', 'storage', 'record', 'partition', 'group', 'metadata'] },
  api: { imports: ['base', 'ports', 'record', 'wire', 'metadata', 'quorum', 'broker'] },
  client: { imports: ['base', 'ports', 'record', 'wire'] },
  node: { imports: [...aboveAdapters, 'client'] },
  adapters: {
    imports: ['base', 'ports', 'record', 'wire'],
    packages: ['@grpc/grpc-js', 'level', 'pino', 'prom-client', 'node:'],
  },
  simulation: { imports: [...aboveAdapters, 'client', 'node'] },
  testing: { imports: anything, packages: ['*'] },
  cli: { imports: anything, packages: ['*'] },
  index: { imports: anything, packages: ['*'] },
  main: { imports: anything, packages: ['*'] },
};

export const layerRules: readonly Rule[] = [
  perFile('layer', 'imports only the layers below it', (file) =>
    isSource(file) ? findStrangers(file, findStrangerLayer) : [],
  ),
  perFile('package', 'imports only the packages of its layer', (file) =>
    isSource(file) ? findStrangers(file, findStrangerPackage) : [],
  ),
  perFile('generated', 'leaves the generated code to wire/', (file) =>
    isSource(file) && layerOf(file.path) !== 'wire' ? findStrangers(file, findGenerated) : [],
  ),
];

type FindStranger = (file: SourceFile, imported: Import) => string | undefined;

function findStrangers(file: SourceFile, find: FindStranger): { line: number; what: string }[] {
  return importsOf(file).flatMap((imported) => {
    const what = find(file, imported);
    return what === undefined ? [] : [{ line: imported.line, what }];
  });
}

function findStrangerLayer(file: SourceFile, imported: Import): string | undefined {
  const from = layerOf(file.path);
  const layer = layers[from];
  if (layer === undefined) return `${from} is not a layer of the table`;
  if (!imported.specifier.startsWith('.')) return undefined;
  const target = resolvedPath(file.path, imported.specifier);
  if (!target.startsWith('src/')) return `${target} is outside src`;
  const to = layerOf(target);
  if (to === from || layer.imports.includes(to)) return undefined;
  if (layer.types?.includes(to) !== true) return `${from} may not import ${to}`;
  return imported.typeOnly ? undefined : `${from} may import only types of ${to}`;
}

function findStrangerPackage(file: SourceFile, { specifier }: Import): string | undefined {
  if (specifier.startsWith('.')) return undefined;
  const allowed = layers[layerOf(file.path)]?.packages ?? [];
  const fits = allowed.some(
    (name) => name === '*' || name === specifier || specifier.startsWith(name.endsWith(':') ? name : `${name}/`),
  );
  return fits ? undefined : `${layerOf(file.path)} may not import ${specifier}`;
}

function findGenerated(_file: SourceFile, { specifier }: Import): string | undefined {
  return specifier.includes('/generated/') ? `${specifier} is for wire/ alone` : undefined;
}

function resolvedPath(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
