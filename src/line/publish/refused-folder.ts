import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../common/files.js';
import type { OutboxMessage } from './outbox-record.js';

export interface RefusedLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** Enough to find out what was refused, and to send it by hand. */
const defaultLimits: RefusedLimits = { messages: 1000, bytes: 50e6 };

/**
 * Messages that the broker refused for good, on disk for people: a file of JSON each, the oldest of which go when there
 * are too many.
 */
export class RefusedFolder {
  readonly #folder: string;
  readonly #limits: RefusedLimits;
  /** Bytes by file name, the oldest first. */
  #files: Map<string, number> | undefined;
  #number = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string, limits = defaultLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  /**
   * @returns the file
   * @throws the file system's error, or KdadError OUTPUT_UNWRITABLE
   */
  keep(message: OutboxMessage, reason: string, now = Date.now()): Promise<string> {
    const kept = this.#turn.then(() => this.#keep(message, reason, now));
    this.#turn = kept.catch(() => {});
    return kept;
  }

  /** Resolves when what is being written has been. */
  async stop(): Promise<void> {
    await this.#turn;
  }

  async #keep({ kind, topic, alert, payload }: OutboxMessage, reason: string, now: number): Promise<string> {
    this.#files ??= await this.#takeStock();
    const refusedAt = new Date(now).toISOString();
    const about = { topic, reason, refusedAt, kind, alert };
    const body = kind === 'alert' ? { payload: payload.toString() } : { payloadBase64: payload.toString('base64') };
    const text = `${JSON.stringify({ ...about, ...body }, null, 2)}\n`;
    // The number keeps the order of those of one millisecond.
    const number = String(this.#number++).padStart(6, '0');
    const name = `${refusedAt.replaceAll(':', '-')}-${number}-${kind}.json`;
    const path = join(this.#folder, name);
    await replaceFile(path, text);
    await chmod(path, 0o640);
    this.#files.set(name, Buffer.byteLength(text));
    await this.#makeRoom(this.#files);
    return path;
  }

  async #takeStock(): Promise<Map<string, number>> {
    await mkdir(this.#folder, { recursive: true });
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.json')).sort();
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(this.#folder, name))).size));
    return new Map(names.map((name, i) => [name, sizes[i]]));
  }

  async #makeRoom(files: Map<string, number>): Promise<void> {
    let bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
    for (const [name, size] of files) {
      if (files.size <= 1 || (files.size <= this.#limits.messages && bytes <= this.#limits.bytes)) return;
      await rm(join(this.#folder, name), { force: true });
      files.delete(name);
      bytes -= size;
    }
  }
}
