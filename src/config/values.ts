import { z } from 'zod';

/**
 * What it takes to put a changed key in force: nothing but reading the file again (SIGHUP), the same with its camera connected anew, or a
 * restart of the daemon. A section's holds for its keys, unless they have their own; without any it is `daemon`.
 */
export type Restart = 'no' | 'camera' | 'daemon';

/** For a key's `meta`. */
export const restarts = (restart: Restart) => ({ 'x-restart': restart });

export const text = z.string().min(1);
export const count = z.int().positive();
export const ratio = z.number().positive();

/** An address with one of these schemes. */
export const url = (schemes: string[]) =>
  z.string().regex(new RegExp(`^(${schemes.join('|')})://.`), `expected an address with ${schemes.join(':// or ')}://`);
