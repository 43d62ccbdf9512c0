/** Each codec against a program that we did not write, both ways, and against bombs and garbage. */
import zlib from 'node:zlib';
import * as fc from 'fast-check';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import snappy from 'snappy';
import { describe, expect, test } from 'vitest';
import { chooseZstd, findCodec, findCodecName } from '../../src/record/batch-codec.ts';
import { findZstdOfNode, type CodecRoutines } from '../../src/record/zlib-codec.ts';
import { loadZstdWasm } from '../../src/record/zstd-wasm.ts';
import { xxhash32 } from '../../src/record/xxhash32.ts';
import { snappyBlocks } from './kafkajs-batch.ts';

interface Oracle {
  readonly compress: (bytes: Buffer) => Uint8Array;
  readonly decompress: (bytes: Buffer) => Uint8Array;
}

const codecs: readonly { name: string; codec: CodecRoutines; oracle: Oracle | undefined }[] = [
  { name: 'gzip', codec: mustFind('gzip'), oracle: { compress: zlib.gzipSync, decompress: zlib.gunzipSync } },
  { name: 'lz4', codec: mustFind('lz4'), oracle: { compress: compressFrameSync, decompress: decompressFrameSync } },
  { name: 'snappy', codec: mustFind('snappy'), oracle: { compress: snappy.compressSync, decompress: unframe } },
  { name: 'zstd', codec: mustFind('zstd'), oracle: undefined },
];

function mustFind(name: 'gzip' | 'lz4' | 'snappy' | 'zstd'): CodecRoutines {
  const codec = findCodec(name);
  if (codec === undefined) throw new Error(`${name} is not there`);
  return codec;
}

function unframe(framed: Buffer): Buffer {
  expect(framed.subarray(0, 16).toString('hex')).toBe('82534e41505059000000000100000001');
  return Buffer.concat(snappyBlocks(framed));
}

const words = ['alpha', 'beta', 'gamma', 'delta', '{"level":"info","', 'é€𝄞', '\u0000\u0000\u0000'];
/** Short or long, repetitive or not; some longer than a block of LZ4 or of Snappy. */
const anyBytes = fc
  .tuple(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.constantFrom(...words), { maxLength: 300 }).map((parts) => new TextEncoder().encode(parts.join(''))),
    ),
    fc.constantFrom(1, 1, 1, 2, 70, 3000),
  )
  .map(([bytes, times]) => Buffer.concat(new Array<Uint8Array>(times).fill(bytes)).subarray(0, 600_000));

describe.each(codecs)('$name', ({ codec, oracle }) => {
  test('what was compressed comes back', () => {
    const property = fc.property(anyBytes, (bytes) => {
      const read = codec.decompress(codec.compress(bytes), bytes.length + 1);
      expect(read.ok && bytes.equals(read.value)).toBe(true);
    });
    fc.assert(property, { numRuns: 60 });
  });

  test.runIf(oracle !== undefined)('another program reads what we write, and we what it writes', () => {
    const property = fc.property(anyBytes, (bytes) => {
      const theirs = codec.decompress(mustBe(oracle).compress(bytes), bytes.length + 1);
      expect(theirs.ok && bytes.equals(theirs.value)).toBe(true);
      expect(bytes.equals(mustBe(oracle).decompress(Buffer.from(codec.compress(bytes))))).toBe(true);
    });
    fc.assert(property, { numRuns: 60 });
  });

  test('the bound is exact: as many bytes as there are, and none more', () => {
    for (const size of [1, 100, 70_000, 300_000]) {
      const packed = codec.compress(Buffer.alloc(size, 'abcdefg'));
      expect(codec.decompress(packed, size)).toMatchObject({ ok: true });
      expect(codec.decompress(packed, size - 1 || 1)).toMatchObject(
        size === 1 ? { ok: true } : { ok: false, problem: 'too-large' },
      );
    }
  });

  test('a bomb is given up at the bound', () => {
    const bomb = codec.compress(Buffer.alloc(64 * 1024 * 1024));
    const before = process.memoryUsage().rss;
    expect(codec.decompress(bomb, 1024 * 1024)).toEqual({ ok: false, problem: 'too-large' });
    expect(process.memoryUsage().rss - before).toBeLessThan(16 * 1024 * 1024);
  });

  test('what is cut short, or damaged, is refused or comes to something else within the bound', () => {
    const packed = codec.compress(Buffer.from(words.join(' ').repeat(20)));
    for (let length = 0; length < packed.length; length += 1) mustStayWithin(codec, packed.subarray(0, length));
    for (let bit = 0; bit < packed.length * 8; bit += 1) {
      const damaged = Uint8Array.from(packed);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      mustStayWithin(codec, damaged);
    }
  });

  test('any bytes at all are refused or come to something within the bound', () => {
    const head = codec.compress(new Uint8Array(0));
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (bytes, kept) => {
      mustStayWithin(codec, bytes);
      mustStayWithin(codec, Uint8Array.from([...head.subarray(0, kept), ...bytes]));
    });
    fc.assert(property, { numRuns: 300 });
  });
});

function mustBe(oracle: Oracle | undefined): Oracle {
  if (oracle === undefined) throw new Error('no other program');
  return oracle;
}

const smallBound = 5000;

function mustStayWithin(codec: CodecRoutines, bytes: Uint8Array): void {
  const read = codec.decompress(bytes, smallBound);
  if (read.ok) expect(read.value.length).toBeLessThanOrEqual(smallBound);
  else expect(['garbage', 'too-large']).toContain(read.problem);
}

test('numbers of codecs are Kafka’s, and no others are known', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7].map(findCodecName)).toEqual([
    'none',
    'gzip',
    'snappy',
    'lz4',
    'zstd',
    undefined,
    undefined,
    undefined,
  ]);
});

test('Snappy without its framing, as some clients write it, is read too', () => {
  const bytes = Buffer.from(words.join(' ').repeat(50));
  expect(mustFind('snappy').decompress(snappy.compressSync(bytes), 10_000)).toMatchObject({ ok: true });
});

test('LZ4 frames of all kinds are read: linked blocks, stored blocks, checksums, sizes', () => {
  const bytes = Buffer.concat([Buffer.from(words.join(' ').repeat(5000)), noise(70_000)]);
  for (const blockMode of ['Independent', 'Linked'] as const) {
    const options = {
      blockMode,
      blockSize: 'Max64KB',
      blockChecksums: true,
      contentChecksum: true,
      contentSize: bytes.length,
    };
    const read = mustFind('lz4').decompress(compressFrameSync(bytes, options), bytes.length);
    expect(read.ok && bytes.equals(read.value)).toBe(true);
  }
});

/** Bytes that do not compress, always the same. */
function noise(count: number): Buffer {
  let state = 1;
  return Buffer.from(
    Uint8Array.from({ length: count }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16),
  );
}

test('a copy of what was never written is refused: it would show old memory', () => {
  // A literal of one byte, then a match or copy that reaches back by nine.
  const block = Uint8Array.of(0x10, 0x61, 9, 0, 0x10, 0x62);
  const frame = Buffer.from(mustFind('lz4').compress(Uint8Array.of(1)));
  const head = frame.subarray(0, 7);
  const lz4 = Buffer.concat([head, Uint8Array.of(block.length, 0, 0, 0), block, new Uint8Array(4)]);
  expect(mustFind('lz4').decompress(lz4, 100)).toEqual({ ok: false, problem: 'garbage' });
  // Six bytes: a literal of one, a copy of five.
  const raw = Uint8Array.of(6, 0x00, 0x61, 0x12, 9, 0);
  expect(mustFind('snappy').decompress(raw, 100)).toEqual({ ok: false, problem: 'garbage' });
  raw[4] = 1;
  expect(mustFind('snappy').decompress(raw, 100)).toEqual({ ok: true, value: new Uint8Array(6).fill(0x61) });
});

test('xxHash gives the published sums', () => {
  const sums = ['', 'a', 'abc', 'Nobody inspects the spammish repetition'].map((text) => xxhash32(Buffer.from(text)));
  expect(sums).toEqual([0x02cc5d05, 0x550d7456, 0x32d153ff, 0xe2293b2f]);
});

test('Zstandard comes from the first source that can be trusted', () => {
  const wasm = loadZstdWasm();
  const broken = {
    ...wasm,
    compress: () => Uint8Array.of(1),
    decompress: () => ({ ok: false, problem: 'garbage' }) as const,
  };
  const throwing = (): never => {
    throw new Error('not installed');
  };
  expect(chooseZstd([() => undefined, throwing, () => broken, () => wasm])).toBe(wasm);
  expect(chooseZstd([throwing])).toBeUndefined();
});

test('where Node.js has Zstandard, it is used within the same bounds', () => {
  const asked: object[] = [];
  const node = {
    constants: { ZSTD_d_windowLogMax: 100 },
    zstdCompressSync: (bytes: Uint8Array) => bytes,
    zstdDecompressSync: (bytes: Uint8Array, options: object) => {
      asked.push(options);
      if (bytes.length > 3) throw Object.assign(new Error('too large'), { code: 'ERR_BUFFER_TOO_LARGE' });
      if (bytes.length > 2) throw Object.assign(new Error('bad frame'), { code: 'ZSTD_error_prefix_unknown' });
      return bytes;
    },
  };
  const codec = findZstdOfNode(node);
  expect(codec?.decompress(Uint8Array.of(1, 2), 2 ** 25)).toMatchObject({ ok: true });
  expect(codec?.decompress(Uint8Array.of(1, 2, 3), 9)).toEqual({ ok: false, problem: 'garbage' });
  expect(codec?.decompress(Uint8Array.of(1, 2, 3, 4), 9)).toEqual({ ok: false, problem: 'too-large' });
  expect(asked[0]).toEqual({ maxOutputLength: 2 ** 25, params: { 100: 25 } });
  expect(findZstdOfNode({ constants: {} })).toBeUndefined();
});
