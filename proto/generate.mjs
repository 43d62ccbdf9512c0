/**
 * Makes from the .proto files what the build needs and the repository does not hold:
 *   src/wire/generated/messages.js and .d.ts   encoders and decoders (pbjs)
 *   src/wire/generated/descriptors.binpb       what server reflection answers from (buf)
 * With `--into dist` it copies them beside the compiled code.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const protoFolder = join(root, 'proto');
const generated = join(root, 'src/wire/generated');
const tool = (name) => join(root, 'node_modules/.bin', name);

if (process.argv[2] === '--into') {
  const target = join(root, process.argv[3], 'wire/generated');
  mkdirSync(target, { recursive: true });
  cpSync(join(generated, 'descriptors.binpb'), join(target, 'descriptors.binpb'));
  for (const name of ['messages.js', 'messages.d.ts']) {
    const code = readFileSync(join(generated, name), 'utf8');
    writeFileSync(join(target, name), code.replaceAll('../protobuf-runtime.ts', '../protobuf-runtime.js'));
  }
} else {
  mkdirSync(generated, { recursive: true });
  const files = readdirSync(protoFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.proto'))
    .sort()
    .map((name) => relative(root, join(protoFolder, name)));
  // --force-number is for the types; the runtime file makes it true.
  const options = ['-t', 'static-module', '-w', 'esm', '--dts', '--force-number', '--no-service', '--no-verify'];
  const trim = ['--no-delimited', '--no-typeurl', '--no-convert'];
  const runtime = ['--dependency', '../protobuf-runtime.ts'];
  const target = join(generated, 'messages.js');
  execFileSync(tool('pbjs'), [...options, ...trim, ...runtime, '-p', 'proto', '-o', target, ...files], { cwd: root, stdio: 'inherit' });
  writeFileSync(target, madeWhenUsed(readFileSync(target, 'utf8')));
  const descriptors = join(generated, 'descriptors.binpb');
  execFileSync(tool('buf'), ['build', 'proto', '--as-file-descriptor-set', '-o', descriptors], { cwd: root, stdio: 'inherit' });
}

/**
 * Makes each class of the generated code when it is first used. A process needs a few of some two hundred, and making
 * them all is a good part of its start.
 */
function madeWhenUsed(code) {
  const open = [];
  const lines = code.split('\n').map((line) => {
    const [, indent, owner, name] = /^( +)([\w.]+)\.(\w+) = \(function\(\) \{$/.exec(line) ?? [];
    if (owner !== undefined) {
      open.push(indent);
      return `${indent}$late(${owner}, "${name}", function() {`;
    }
    if (open.length === 0 || line !== `${open.at(-1)}})();`) return line;
    return `${open.pop()}});`;
  });
  if (open.length > 0) throw new Error('the generated code is not what madeWhenUsed() knows');
  const late = `const $late = (owner, name, make) => $Object.defineProperty(owner, name, {
    configurable: true,
    enumerable: true,
    get() {
        const value = make();
        $Object.defineProperty(owner, name, { configurable: true, enumerable: true, writable: true, value });
        return value;
    }
});
`;
  return lines.join('\n').replace('// Exported root namespace', `${late}\n// Exported root namespace`);
}
