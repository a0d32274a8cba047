import { mkdir, statfs } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { steadyNow } from '../clock.js';
import { KdadError } from '../errors.js';

/** A message on its way to the broker. */
export interface OutboxMessage {
  readonly kind: 'alert' | 'heatmap';
  readonly topic: string;
  readonly payload: Buffer;
  /** Of the alert that it is about. */
  readonly alert: string;
  /** When it was made, in steady time. */
  readonly madeAt: number;
}

export interface OutboxLimits {
  readonly messages: number;
  readonly bytes: number;
  /** Milliseconds. */
  readonly age: number;
}

/** Days of alerts of a busy line, and a disk that hardly notices. */
export const defaultLimits: OutboxLimits = { messages: 20_000, bytes: 256e6, age: 7 * 24 * 3600_000 };

/** Bytes that opening the store may write: LevelDB's log, as a table, and some more. */
const ROOM_TO_OPEN = 8e6;

export type DropReason = 'full' | 'old' | 'damaged';

interface Entry {
  readonly key: string;
  readonly kind: OutboxMessage['kind'];
  readonly bytes: number;
  readonly madeAt: number;
}

/**
 * Messages that must not be lost: each is on disk, flushed, before `add` resolves, and leaves only when the broker has it. They keep their
 * order through crashes and restarts. When there are too many, the oldest heatmaps make room first, then the oldest alerts.
 */
export class Outbox {
  readonly #folder: string;
  readonly #limits: OutboxLimits;
  readonly #onDrop: (kind: OutboxMessage['kind'], reason: DropReason) => void;
  /** In the order of sending. */
  readonly #waiting = new Map<string, Entry>();
  #database: ClassicLevel<string, Buffer> | undefined;
  /** Of the last write: LevelDB takes no other before it was opened anew. */
  #failure: unknown;
  #next = 0;
  #bytes = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    folder: string,
    onDrop: (kind: OutboxMessage['kind'], reason: DropReason) => void,
    limits: OutboxLimits = defaultLimits,
  ) {
    this.#folder = folder;
    this.#onDrop = onDrop;
    this.#limits = limits;
  }

  /** Messages that wait. */
  get depth(): number {
    return this.#waiting.size;
  }

  /**
   * Opens the store and takes stock of what an earlier run left.
   * @throws KdadError STATE_UNUSABLE when another process holds it, or it cannot be written
   */
  async start(): Promise<void> {
    const database = new ClassicLevel<string, Buffer>(this.#folder, { valueEncoding: 'buffer' });
    try {
      await mkdir(this.#folder, { recursive: true });
      await database.open();
      for await (const [key, value] of database.iterator()) {
        this.#next = Number(key) + 1;
        const message = decode(value);
        if (message) this.#remember(key, message);
        else {
          await database.del(key, { sync: true });
          this.#onDrop('alert', 'damaged');
        }
      }
    } catch (error) {
      await database.close().catch(() => {});
      const locked = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'LEVEL_LOCKED';
      const what = locked ? 'another kdad-edge run uses it' : reasonOf(error);
      throw new KdadError('STATE_UNUSABLE', `${this.#folder}: ${what}`, { cause: error });
    }
    this.#database = database;
  }

  async stop(): Promise<void> {
    await this.#turn.catch(() => {});
    await this.#database?.close();
    this.#database = undefined;
    this.#waiting.clear();
    this.#bytes = 0;
  }

  /**
   * Resolves when the message is on disk.
   * @throws KdadError STATE_UNUSABLE when it cannot be written: the disk is full, say
   */
  add(message: OutboxMessage, now = steadyNow()): Promise<void> {
    return this.#inTurn(async (database) => {
      const key = String(this.#next++).padStart(16, '0');
      try {
        if (this.#failure) await this.#recover(database);
        await database.put(key, encode(message), { sync: true });
        this.#remember(key, message);
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

  /** The message that is to be sent next, with the key to say `done` of; undefined when none waits. */
  first(): Promise<{ readonly key: string; readonly message: OutboxMessage } | undefined> {
    return this.#inTurn(async (database) => {
      for (const { key, kind } of this.#waiting.values()) {
        const value = await database.get(key);
        const message = value && decode(value);
        if (message) return { key, message };
        await this.#remove(database, key);
        this.#onDrop(kind, 'damaged');
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

  #remember(key: string, { kind, payload, madeAt }: OutboxMessage): void {
    this.#waiting.set(key, { key, kind, bytes: payload.length, madeAt });
    this.#bytes += payload.length;
  }

  /** Where the disk does not take it, the message is gone for this run, and comes once more after the next start. */
  async #remove(database: ClassicLevel<string, Buffer>, key: string): Promise<void> {
    this.#bytes -= this.#waiting.get(key)?.bytes ?? 0;
    this.#waiting.delete(key);
    await database.del(key, { sync: true }).catch((error) => {
      this.#failure = error;
      throw error;
    });
  }

  /** Opens the store anew once the disk has room for that; until then it can be read, at least. */
  async #recover(database: ClassicLevel<string, Buffer>): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize < ROOM_TO_OPEN) throw this.#failure;
    await database.close();
    await database.open();
    this.#failure = undefined;
  }

  #inTurn<Result>(work: (database: ClassicLevel<string, Buffer>) => Promise<Result>): Promise<Result> {
    const result = this.#turn
      .catch(() => {})
      .then(async () => {
        if (!this.#database) throw new KdadError('STATE_UNUSABLE', `${this.#folder}: the outbox is closed`);
        if (this.#database.status !== 'open') await this.#database.open();
        return work(this.#database);
      });
    this.#turn = result;
    return result;
  }
}

/** The store's errors say why in their cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return (cause as Error | undefined)?.message ?? message;
}

/** A line of JSON about the payload, then the payload. */
function encode({ payload, ...about }: OutboxMessage): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(about)}\n`), payload]);
}

/** @returns undefined for what is no message */
function decode(value: Buffer): OutboxMessage | undefined {
  const end = value.indexOf('\n');
  try {
    const { kind, topic, alert, madeAt } = JSON.parse(value.subarray(0, end).toString());
    const whole = (kind === 'alert' || kind === 'heatmap') && [topic, alert].every((text) => typeof text === 'string');
    return whole && Number.isFinite(madeAt)
      ? { kind, topic, alert, madeAt, payload: value.subarray(end + 1) }
      : undefined;
  } catch {
    return undefined;
  }
}
