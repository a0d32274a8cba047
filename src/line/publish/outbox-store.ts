import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { KdadError } from '../../common/errors.js';
import { setAside } from '../state/set-aside.js';

export type Database = ClassicLevel<string, Buffer>;

/** What an outbox that could not be read has become. */
export interface Damage {
  readonly reason: string;
  /** Where it is now. */
  readonly place: string;
  /** Part of it could be read, and goes on. */
  readonly salvaged: boolean;
}

export interface OpenStore<Found> {
  readonly database: Database;
  /** What was made of the records, in the order of their keys. */
  readonly found: readonly Found[];
  readonly damage?: Damage;
}

/** Makes something small of a record: not all of them have room in memory. */
export type Look<Found> = (key: string, value: Buffer) => Found;

/**
 * Opens the store of the outbox and reads it whole. One that cannot be read, or is no store at all, is set aside, and
 * what can be read of a copy goes into a new one.
 * @throws KdadError STATE_UNUSABLE when another process holds it, or it cannot be written: the disk is full, say
 */
export async function openStore<Found>(folder: string, look: Look<Found>): Promise<OpenStore<Found>> {
  const unusable = (what: string, cause: unknown) => new KdadError('STATE_UNUSABLE', `${folder}: ${what}`, { cause });
  try {
    return await open(folder, look);
  } catch (error) {
    if (isLocked(error)) throw unusable('another kdad-edge run uses it', error);
    const reason = reasonOf(error);
    if (isNoDamage.test(reason)) throw unusable(reason, error);
    const place = await setAside(folder).catch(() => undefined);
    if (place === undefined) throw unusable(reason, error);
    try {
      const salvaged = await salvage(place, folder, look);
      return {
        ...(salvaged ?? (await open(folder, look))),
        damage: { reason, place, salvaged: salvaged !== undefined },
      };
    } catch (again) {
      throw unusable(reasonOf(again), again);
    }
  }
}

/** What the disk, not the store, is to blame for: there is nothing to set aside then. */
const isNoDamage =
  /no space left|quota exceeded|read-only file system|too many open files|cannot allocate|ENOSPC|EDQUOT|EROFS|EMFILE/i;

async function open<Found>(folder: string, look: Look<Found>): Promise<OpenStore<Found>> {
  await mkdir(folder, { recursive: true });
  await refuseWithoutCurrent(folder);
  const database: Database = new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer' });
  try {
    await database.open();
    const found: Found[] = [];
    for await (const [key, value] of database.iterator()) found.push(look(key, value));
    return { database, found };
  } catch (error) {
    await database.close().catch(() => {});
    throw error;
  }
}

/** LevelDB takes a store without this file for a new one, and clears away what there is. */
async function refuseWithoutCurrent(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.includes('CURRENT') || !names.some((name) => /^MANIFEST-|\.(ldb|log)$/.test(name))) return;
  throw new Error('CURRENT is missing');
}

/** @returns undefined where nothing can be saved */
async function salvage<Found>(from: string, folder: string, look: Look<Found>): Promise<OpenStore<Found> | undefined> {
  try {
    // Repairing makes both anew.
    await cp(from, folder, { recursive: true, filter: (path) => !/\/(LOCK|CURRENT)$/.test(path) });
    await ClassicLevel.repair(folder);
    return await open(folder, look);
  } catch {
    await rm(folder, { recursive: true, force: true });
    return undefined;
  }
}

const isLocked = (error: unknown): boolean =>
  ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'LEVEL_LOCKED';

/** The store's errors say why in their cause. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return (cause as Error | undefined)?.message ?? message;
}
