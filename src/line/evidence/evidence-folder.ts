import { mkdir, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BelievedClock } from '../../common/clock.js';
import { KdadError } from '../../common/errors.js';
import { replaceFile } from '../../common/files.js';
import { setAside } from '../state/set-aside.js';

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
  readonly files: Files | Promise<Files>;
}

/** Contents by name. */
type Files = Readonly<Record<string, Uint8Array | string>>;

interface Entry {
  readonly path: string;
  readonly time: number;
  bytes: number;
}

/** Milliseconds between two looks for what has become too old. */
const INTERVAL = 10 * 60_000;

/**
 * Keeps the evidence of alerts on disk, a folder each, `<camera>/<time>-<id>`, within limits: it never fills the disk.
 * Calls take turns.
 */
export class EvidenceFolder {
  readonly #root: string;
  #limits: EvidenceLimits;
  readonly #onUnreadable: (reason: string) => void;
  readonly #clock: Pick<BelievedClock, 'now'>;
  #looking: NodeJS.Timeout | undefined;
  /** In the order of writing, which the clock does not change. */
  readonly #entries = new Map<string, Entry>();
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param onUnreadable is told what cannot be read of what is there; it is left alone
   * @param clock says what is too old: nothing while it cannot be believed
   */
  constructor(
    root: string,
    limits: EvidenceLimits,
    onUnreadable: (reason: string) => void = () => {},
    clock: Pick<BelievedClock, 'now'> = new BelievedClock(),
  ) {
    this.#root = root;
    this.#limits = limits;
    this.#onUnreadable = onUnreadable;
    this.#clock = clock;
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
   * Takes stock of what an earlier run left, and takes away what is too old, now and then from now on.
   * @throws KdadError STATE_UNUSABLE when it cannot be written
   */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#make().catch((cause: Error) => {
        throw new KdadError('STATE_UNUSABLE', `${this.#root}: ${cause.message}`, { cause });
      });
      const found: Entry[] = [];
      for (const camera of await this.#look(this.#root, folders, [])) {
        for (const name of await this.#look(join(this.#root, camera), folders, [])) {
          const path = join(this.#root, camera, name);
          const entry = await this.#look(path, entryOf, undefined);
          if (entry) found.push(entry);
        }
      }
      for (const entry of found.sort((a, b) => a.time - b.time)) this.#entries.set(entry.path, entry);
      await this.#makeRoom(0);
      const look = () => void this.#inTurn(() => this.#makeRoom(0)).catch(({ message }) => this.#onUnreadable(message));
      this.#looking = setInterval(look, INTERVAL).unref();
    });
  }

  /**
   * Has another text take the place of a file, in each of what an earlier run left.
   * @param change undefined leaves it as it is
   */
  amend(name: string, change: (text: string) => string | undefined): Promise<void> {
    return this.#inTurn(async () => {
      for (const entry of this.#entries.values()) {
        const amended = async () => {
          if (!(await readdir(entry.path)).includes(name)) return;
          const file = join(entry.path, name);
          const text = change(await readFile(file, 'utf8'));
          if (text === undefined) return;
          await replaceFile(file, text);
          entry.bytes = await sizeOf(entry.path);
        };
        await this.#look(entry.path, amended, undefined);
      }
    });
  }

  /** A file in its place is set aside. */
  async #make(): Promise<void> {
    await mkdir(this.#root, { recursive: true }).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      this.#onUnreadable(`${error.message}; it is now ${await setAside(this.#root)}`);
      await mkdir(this.#root);
    });
  }

  /**
   * What somebody else left there and closed to us (`lost+found`, say) is none of ours, and keeps nothing from working.
   */
  async #look<Found>(path: string, look: (path: string) => Promise<Found>, otherwise: Found): Promise<Found> {
    return look(path).catch(({ message }: Error) => {
      this.#onUnreadable(message);
      return otherwise;
    });
  }

  /** Keeps to other limits from now on. */
  changeLimits(limits: EvidenceLimits): Promise<void> {
    return this.#inTurn(async () => {
      this.#limits = limits;
      await this.#makeRoom(0);
    });
  }

  /** Resolves when what is being written has been. */
  async stop(): Promise<void> {
    clearInterval(this.#looking);
    await this.#turn.catch(() => {});
  }

  /**
   * Writes the evidence of an alert, each file whole or not at all.
   * @returns its folder; undefined when the disk has no room for it
   * @throws the file system's error when it cannot be written
   */
  save(evidence: Evidence): Promise<string | undefined> {
    // It may fail before its turn comes, which is told in its turn.
    const files = Promise.resolve(evidence.files);
    files.catch(() => {});
    return this.#inTurn(async () => this.#save(evidence, await files));
  }

  async #save({ id, camera, openedAt }: Evidence, files: Files): Promise<string | undefined> {
    const bytes = Object.values(files).reduce((sum, data) => sum + Buffer.byteLength(data), 0);
    const path = join(this.#root, camera, `${nameOf(openedAt)}-${id}`);
    await this.#make();
    if (bytes > this.#limits.maxSize || !(await this.#makeRoom(bytes, path))) return undefined;
    await mkdir(path, { recursive: true });
    this.#entries.set(path, { path, time: openedAt, bytes });
    for (const [name, data] of Object.entries(files)) await replaceFile(join(path, name), data);
    for (const name of await readdir(path)) if (!Object.hasOwn(files, name)) await rm(join(path, name));
    return path;
  }

  /** Whether so many bytes may be written once the oldest evidence, but never `keep`, has made room. */
  async #makeRoom(bytes: number, keep?: string): Promise<boolean> {
    const { maxAge, maxSize, minFree } = this.#limits;
    const now = this.#clock.now();
    const oldest = [...this.#entries.values()].filter(({ path }) => path !== keep);
    const kept = (keep && this.#entries.get(keep)?.bytes) || 0;
    for (const entry of oldest) {
      const tooOld = now !== undefined && entry.time < now - maxAge;
      if (!tooOld && this.size - kept + bytes <= maxSize && (await this.#free()) - bytes >= minFree) return true;
      this.#entries.delete(entry.path);
      await rm(entry.path, { recursive: true, force: true }).catch(({ message }: Error) => this.#onUnreadable(message));
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

async function entryOf(path: string): Promise<Entry> {
  const { mtimeMs } = await stat(path);
  return { path, time: timeOf(basename(path)) ?? mtimeMs, bytes: await sizeOf(path) };
}

async function sizeOf(path: string): Promise<number> {
  const names = await readdir(path);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
