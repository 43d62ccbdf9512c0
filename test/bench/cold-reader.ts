/**
 * Reads blocks of a file past the page cache, and says how long each took: what a consumer that is far behind costs,
 * and what it suffers.
 */
import { constants, promises as fs } from 'node:fs';

const fileBytes = 512 * 1024 * 1024;
const blockBytes = 64 * 1024;
const alignment = 4096;

export class ColdReader {
  readonly #handle: fs.FileHandle;
  readonly #block: Buffer;

  private constructor(handle: fs.FileHandle, block: Buffer) {
    this.#handle = handle;
    this.#block = block;
  }

  static async open(path: string): Promise<ColdReader> {
    const chunk = Buffer.alloc(4 * 1024 * 1024, 1);
    const writer = await fs.open(path, 'w');
    for (let written = 0; written < fileBytes; written += chunk.length) await writer.write(chunk);
    await writer.sync();
    await writer.close();
    const handle = await fs.open(path, constants.O_RDONLY | constants.O_DIRECT);
    return new ColdReader(handle, await alignedBlock(handle));
  }

  async readUntil(untilMs: number): Promise<number[]> {
    const latencies: number[] = [];
    for (let startedMs = performance.now(); startedMs < untilMs; startedMs = performance.now()) {
      const block = Math.floor(Math.random() * (fileBytes / blockBytes));
      await this.#handle.read(this.#block, 0, blockBytes, block * blockBytes);
      latencies.push(performance.now() - startedMs);
    }
    return latencies;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Reads past the cache want memory at a multiple of the sector; JavaScript does not know addresses, so it tries. */
async function alignedBlock(handle: fs.FileHandle): Promise<Buffer> {
  const memory = Buffer.allocUnsafeSlow(blockBytes + alignment);
  for (let start = 0; start < alignment; start += 16) {
    const block = memory.subarray(start, start + blockBytes);
    try {
      await handle.read(block, 0, blockBytes, 0);
      return block;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    }
  }
  throw new Error('no block of memory is aligned');
}
