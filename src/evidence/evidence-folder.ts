import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { KdadError } from '../errors.js';
import { replaceFile } from '../files.js';

export interface EvidenceLimits {
  /** Milliseconds after which evidence is taken away. */
  readonly maxAge: number;
  /** Bytes that all evidence may take; the oldest goes first. */
  readonly maxSize: number;
  /** Bytes of the disk that stay free: with less, nothing is written, after old evidence has gone. */
  readonly minFree: number;
}

/** What belongs to one alert. */
export interface Evidence {
  /** Names its folder; a later call with the same one replaces all its files. */
  readonly id: string;
  readonly camera: string;
  /** When the alert opened, milliseconds since the epoch. */
  readonly openedAt: number;
  readonly files: Readonly<Record<string, Uint8Array | string>>;
}

interface Entry {
  readonly path: string;
  readonly time: number;
  bytes: number;
}

/**
 * Keeps the evidence of alerts on disk, a folder each, `<camera>/<time>-<id>`, within limits: it never fills the disk. Calls take turns.
 */
export class EvidenceFolder {
  readonly #root: string;
  #limits: EvidenceLimits;
  /** In the order of writing, which the clock does not change. */
  readonly #entries = new Map<string, Entry>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(root: string, limits: EvidenceLimits) {
    this.#root = root;
    this.#limits = limits;
  }

  /** Bytes in all. */
  get size(): number {
    let sum = 0;
    for (const { bytes } of this.#entries.values()) sum += bytes;
    return sum;
  }

  get count(): number {
    return this.#entries.size;
  }

  /**
   * Takes stock of what an earlier run left, and takes away what is too old.
   * @throws KdadError STATE_UNUSABLE when it cannot be written
   */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      await mkdir(this.#root, { recursive: true }).catch((cause: Error) => {
        throw new KdadError('STATE_UNUSABLE', `${this.#root}: ${cause.message}`, { cause });
      });
      const found: Entry[] = [];
      for (const camera of await folders(this.#root)) {
        for (const name of await folders(join(this.#root, camera))) {
          const path = join(this.#root, camera, name);
          const { mtimeMs } = await stat(path);
          found.push({ path, time: timeOf(name) ?? mtimeMs, bytes: await sizeOf(path) });
        }
      }
      for (const entry of found.sort((a, b) => a.time - b.time)) this.#entries.set(entry.path, entry);
      await this.#makeRoom(0, Date.now());
    });
  }

  /** Keeps to other limits from now on. */
  changeLimits(limits: EvidenceLimits): Promise<void> {
    return this.#inTurn(async () => {
      this.#limits = limits;
      await this.#makeRoom(0, Date.now());
    });
  }

  /** Resolves when what is being written has been. */
  async stop(): Promise<void> {
    await this.#turn.catch(() => {});
  }

  /**
   * Writes the evidence of an alert, each file whole or not at all.
   * @returns its folder; undefined when the disk has no room for it
   * @throws the file system's error when it cannot be written
   */
  save(evidence: Evidence, now = Date.now()): Promise<string | undefined> {
    return this.#inTurn(() => this.#save(evidence, now));
  }

  async #save({ id, camera, openedAt, files }: Evidence, now: number): Promise<string | undefined> {
    const bytes = Object.values(files).reduce((sum, data) => sum + Buffer.byteLength(data), 0);
    const path = join(this.#root, camera, `${nameOf(openedAt)}-${id}`);
    if (bytes > this.#limits.maxSize || !(await this.#makeRoom(bytes, now, path))) return undefined;
    await mkdir(path, { recursive: true });
    this.#entries.set(path, { path, time: openedAt, bytes });
    for (const [name, data] of Object.entries(files)) await replaceFile(join(path, name), data);
    for (const name of await readdir(path)) if (!Object.hasOwn(files, name)) await rm(join(path, name));
    return path;
  }

  /** Whether so many bytes may be written once the oldest evidence, but never `keep`, has made room. */
  async #makeRoom(bytes: number, now: number, keep?: string): Promise<boolean> {
    const { maxAge, maxSize, minFree } = this.#limits;
    const oldest = [...this.#entries.values()].filter(({ path }) => path !== keep);
    const kept = (keep && this.#entries.get(keep)?.bytes) || 0;
    for (const entry of oldest) {
      const tooOld = entry.time < now - maxAge;
      if (!tooOld && this.size - kept + bytes <= maxSize && (await this.#free()) - bytes >= minFree) return true;
      await rm(entry.path, { recursive: true, force: true });
      this.#entries.delete(entry.path);
    }
    return (await this.#free()) - bytes >= minFree;
  }

  async #free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#root);
    return bavail * bsize;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.catch(() => {}).then(work);
    this.#turn = result;
    return result;
  }
}

/** `2026-05-04T12-30-00.250Z`: sorts by time, and is a file name everywhere. */
const nameOf = (time: number): string => new Date(time).toISOString().replaceAll(':', '-');

function timeOf(name: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3}Z)-/.exec(name);
  const time = match ? Date.parse(`${match[1]}:${match[2]}:${match[3]}`) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function sizeOf(path: string): Promise<number> {
  const names = await readdir(path);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
