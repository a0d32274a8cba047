import { type FileHandle, open, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Features } from './feature-maps.js';

/** Bytes that the disk keeps free for others. */
const LEAST_FREE = 1e9;

/**
 * Features of images that found no room in memory, one after the other in a file: reading them takes less than
 * computing them anew. The file has no name from the beginning on, so that nothing is left of it however the training
 * ends.
 */
export class FeatureFile {
  readonly #path: string;
  #file: FileHandle | undefined;
  #full = false;
  #end = 0;
  /** Numbers of each map, the same for every image. */
  #lengths: readonly number[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** @returns where they begin; undefined when the disk has no room for them, or the file cannot be written */
  async keep({ layers, stem }: Features): Promise<number | undefined> {
    const maps = stem ? [...layers, stem] : layers;
    this.#lengths = maps.map(({ length }) => length);
    const bytes = 4 * this.#lengths.reduce((sum, length) => sum + length, 0);
    try {
      if (this.#full || !(await this.#hasRoom(bytes))) return undefined;
      this.#file ??= await this.#create();
      const begin = this.#end;
      let position = begin;
      for (const map of maps) position += await writeWhole(this.#file, map, position);
      this.#end = position;
      return begin;
    } catch {
      this.#full = true;
      return undefined;
    }
  }

  async read(begin: number): Promise<Features> {
    const numbers = new Float32Array(this.#lengths.reduce((sum, length) => sum + length, 0));
    await readWhole(this.#file as FileHandle, new Uint8Array(numbers.buffer), begin);
    let from = 0;
    const [layer1, layer2, layer3, stem] = this.#lengths.map((length) => {
      const map = numbers.subarray(from, from + length);
      from += length;
      return map;
    });
    return { layers: [layer1, layer2, layer3], stem };
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #create(): Promise<FileHandle> {
    const file = await open(this.#path, 'w+', 0o600);
    await unlink(this.#path);
    return file;
  }

  async #hasRoom(bytes: number): Promise<boolean> {
    const { bavail, bsize } = await statfs(dirname(this.#path));
    return bavail * bsize - bytes >= LEAST_FREE;
  }
}

async function writeWhole(file: FileHandle, { buffer, byteOffset, byteLength }: Float32Array, at: number) {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  for (let done = 0; done < byteLength; ) {
    done += (await file.write(bytes, done, byteLength - done, at + done)).bytesWritten;
  }
  return byteLength;
}

async function readWhole(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, at + done);
    if (bytesRead === 0) throw new Error('the file of features ended early');
    done += bytesRead;
  }
}
