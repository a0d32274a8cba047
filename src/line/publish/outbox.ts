import { access, mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { steadyNow } from '../../common/clock.js';
import { KdadError } from '../../common/errors.js';
import { decodeMessage, encodeMessage, type OutboxMessage, opensAlert } from './outbox-record.js';
import { type Damage, type Database, openStore, reasonOf } from './outbox-store.js';

export type { OutboxMessage } from './outbox-record.js';

export interface OutboxLimits {
  readonly messages: number;
  readonly bytes: number;
  /** Milliseconds. */
  readonly age: number;
}

/** Days of alerts of a busy line, and a disk that hardly notices. */
export const defaultLimits: OutboxLimits = { messages: 20_000, bytes: 256e6, age: 7 * 24 * 3600_000 };

/** Milliseconds between attempts to open a store that cannot be used. */
const AGAIN = 10_000;
/** Bytes that opening the store may write: LevelDB's log, as a table, and some more. */
const ROOM_TO_OPEN = 8e6;

export type DropReason = 'full' | 'old' | 'damaged';

/** Keys of messages, in the order of sending; and of the last message of each alert that is open. */
const keyOf = (number: number): string => String(number).padStart(16, '0');
const MESSAGE = /^\d{16}$/;
const OPEN = 'open!';

interface Entry {
  readonly key: string;
  readonly topic: string;
  readonly kind: OutboxMessage['kind'];
  readonly bytes: number;
  readonly madeAt: number;
}

/**
 * Messages that must not be lost: each is on disk, flushed, before `add` resolves, and leaves only when the broker has
 * it. They keep their order through crashes and restarts. When there are too many, the oldest heatmaps make room first,
 * then the oldest alerts.
 */
export class Outbox {
  readonly #folder: string;
  readonly #limits: OutboxLimits;
  readonly #onDrop: (kind: OutboxMessage['kind'], reason: DropReason) => void;
  readonly #onDamage: (damage: Damage) => void;
  /** In the order of sending. */
  readonly #waiting = new Map<string, Entry>();
  /** The last messages of alerts that were open when an earlier run ended. */
  #interrupted: OutboxMessage[] = [];
  /** What is open in the store from now on was opened by this run. */
  #hasTakenStock = false;
  #database: Database | undefined;
  #started = false;
  /** When the store could not be opened. */
  #closedAt = Number.NEGATIVE_INFINITY;
  /** Of the last write: LevelDB takes no other before it was opened anew. */
  #failure: unknown;
  #next = 0;
  #bytes = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param onDamage is told when the store could not be read: it was set aside, and another one begun */
  constructor(
    folder: string,
    onDrop: (kind: OutboxMessage['kind'], reason: DropReason) => void,
    limits: OutboxLimits = defaultLimits,
    onDamage: (damage: Damage) => void = () => {},
  ) {
    this.#folder = folder;
    this.#onDrop = onDrop;
    this.#limits = limits;
    this.#onDamage = onDamage;
  }

  /** The store can be used. */
  get isOpen(): boolean {
    return this.#database !== undefined;
  }

  /** Messages that wait. */
  get depth(): number {
    return this.#waiting.size;
  }

  /**
   * Opens the store and takes stock of what an earlier run left.
   * @throws KdadError STATE_UNUSABLE when another process holds it, or it cannot be written; it is tried again with the
   *   messages that come
   */
  async start(): Promise<void> {
    this.#started = true;
    await this.#inTurn(async () => {});
  }

  /**
   * The last message of each alert that was open when an earlier run ended: who tells of their end takes them from
   * here.
   */
  takeInterrupted(): OutboxMessage[] {
    return this.#interrupted.splice(0);
  }

  async stop(): Promise<void> {
    this.#started = false;
    await this.#turn.catch(() => {});
    await this.#database?.close().catch(() => {});
    this.#closedAt = Number.NEGATIVE_INFINITY;
    this.#hasTakenStock = false;
    this.#forget();
  }

  #forget(): void {
    this.#database = undefined;
    this.#waiting.clear();
    this.#bytes = 0;
  }

  /**
   * Resolves when the message is on disk.
   * @throws KdadError STATE_UNUSABLE when it cannot be written: the disk is full, say
   */
  add(message: OutboxMessage, now = steadyNow()): Promise<void> {
    return this.#inTurn(async (usual) => {
      const value = encodeMessage(message);
      const opens = opensAlert(message);
      const alert = `${OPEN}${message.alert}`;
      try {
        if (!this.#failure) await this.#checkPlace();
        const database = this.#failure ? await this.#recover(usual) : usual;
        const key = keyOf(this.#next++);
        const batch = database.batch().put(key, value);
        if (opens !== undefined) opens ? batch.put(alert, value) : batch.del(alert);
        await batch.write({ sync: true });
        this.#remember(entryOf(key, message));
        for (const { kind, reason, key: old } of this.#surplus(now)) {
          await this.#remove(database, old);
          this.#onDrop(kind, reason);
        }
      } catch (error) {
        this.#failure = error;
        throw new KdadError('STATE_UNUSABLE', `${this.#folder}: ${reasonOf(error)}`, { cause: error });
      }
    });
  }

  /**
   * The message that is to be sent next, with the key to say `done` of; undefined when none waits.
   * @param isResting passes over the messages of a topic
   */
  first(
    isResting: (topic: string) => boolean = () => false,
  ): Promise<{ readonly key: string; readonly message: OutboxMessage } | undefined> {
    return this.#inTurn(async (database) => {
      for (const { key, kind, topic } of this.#waiting.values()) {
        if (isResting(topic)) continue;
        // One that cannot be read must not keep back the others.
        const value = await database.get(key).catch(() => undefined);
        const message = value && decodeMessage(value);
        if (message) return { key, message };
        this.#onDrop(kind, 'damaged');
        await this.#remove(database, key).catch(() => {});
      }
      return undefined;
    });
  }

  /** The broker has it. */
  done(key: string): Promise<void> {
    return this.#inTurn((database) => this.#remove(database, key));
  }

  /** What is too old, and what is too much: heatmaps before alerts, the oldest first; the newest message stays. */
  #surplus(now: number): (Entry & { readonly reason: DropReason })[] {
    const { age, messages, bytes } = this.#limits;
    const all = [...this.#waiting.values()].slice(0, -1);
    const old = all.filter(({ madeAt }) => madeAt < now - age).map((entry) => ({ ...entry, reason: 'old' as const }));
    const rest = all.filter(({ madeAt }) => madeAt >= now - age);
    let count = this.#waiting.size - old.length;
    let size = this.#bytes - old.reduce((sum, entry) => sum + entry.bytes, 0);
    const full: (Entry & { readonly reason: DropReason })[] = [];
    for (const kind of ['heatmap', 'alert'] as const) {
      for (const entry of rest) {
        if (count <= messages && size <= bytes) break;
        if (entry.kind !== kind) continue;
        full.push({ ...entry, reason: 'full' });
        count--;
        size -= entry.bytes;
      }
    }
    return [...old, ...full];
  }

  #remember(entry: Entry): void {
    this.#waiting.set(entry.key, entry);
    this.#bytes += entry.bytes;
  }

  /** Where the disk does not take it, the message is gone for this run, and comes once more after the next start. */
  async #remove(database: Database, key: string): Promise<void> {
    this.#bytes -= this.#waiting.get(key)?.bytes ?? 0;
    this.#waiting.delete(key);
    await database.del(key, { sync: true }).catch((error) => {
      this.#failure = error;
      throw error;
    });
  }

  /** LevelDB goes on writing files that somebody has taken away, and nobody would find them after a restart. */
  async #checkPlace(): Promise<void> {
    await access(join(this.#folder, 'CURRENT')).catch((error) => {
      this.#failure = error;
    });
  }

  /** Opens the store anew once the disk has room for that; until then it can be read, at least. */
  async #recover(database: Database): Promise<Database> {
    await mkdir(this.#folder, { recursive: true }).catch(() => {});
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize < ROOM_TO_OPEN) throw this.#failure;
    await database.close();
    const recovered = await this.#reopen(database);
    this.#failure = undefined;
    return recovered;
  }

  /** What stands in its place, where it cannot be opened any more, is dealt with as at the start. */
  async #reopen(database: Database): Promise<Database> {
    try {
      await access(join(this.#folder, 'CURRENT'));
      await database.open();
      return database;
    } catch {
      await database.close().catch(() => {});
      this.#forget();
      this.#closedAt = Number.NEGATIVE_INFINITY;
      return this.#open();
    }
  }

  #inTurn<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
    const result = this.#turn
      .catch(() => {})
      .then(async () => {
        const database = this.#database ?? (await this.#open());
        return work(database.status === 'open' ? database : await this.#reopen(database));
      });
    this.#turn = result;
    return result;
  }

  async #open(): Promise<Database> {
    const closed = new KdadError('STATE_UNUSABLE', `${this.#folder}: the outbox is closed`);
    if (!this.#started || steadyNow() - this.#closedAt < AGAIN) throw closed;
    try {
      const { database, found, damage } = await openStore(this.#folder, takeStock);
      this.#database = database;
      if (damage) this.#onDamage(damage);
      await this.#fill(database, found);
      return database;
    } catch (error) {
      this.#closedAt = steadyNow();
      throw error;
    }
  }

  async #fill(database: Database, found: readonly Stock[]): Promise<void> {
    for (const { key, entry, interrupted } of found) {
      if (MESSAGE.test(key)) this.#next = Number(key) + 1;
      // How long it has waited nobody knows: the clock may have been another one then. Its age counts from here.
      if (entry) this.#remember({ ...entry, madeAt: steadyNow() });
      else if (interrupted) {
        if (!this.#hasTakenStock) this.#interrupted.push(interrupted);
      } else {
        this.#onDrop('alert', 'damaged');
        await database.del(key, { sync: true }).catch(() => {});
      }
    }
    this.#hasTakenStock = true;
  }
}

/**
 * What a record in the store is: a message that waits, the last one of an alert that was open, or, with neither,
 * damaged.
 */
interface Stock {
  readonly key: string;
  readonly entry?: Entry;
  readonly interrupted?: OutboxMessage;
}

function takeStock(key: string, value: Buffer): Stock {
  const message = decodeMessage(value);
  if (message && MESSAGE.test(key)) return { key, entry: entryOf(key, message) };
  return { key, interrupted: message && key.startsWith(OPEN) && opensAlert(message) ? message : undefined };
}

const entryOf = (key: string, { topic, kind, payload, madeAt }: OutboxMessage): Entry => ({
  key,
  topic,
  kind,
  bytes: payload.length,
  madeAt,
});
