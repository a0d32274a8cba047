import { z } from 'zod';
import { wrongPlace } from './address.js';

/**
 * What it takes to put a changed key in force: nothing but reading the file again (SIGHUP), the same with its camera
 * connected anew, or a restart of the daemon. A section's holds for its keys, unless they have their own; without any
 * it is `daemon`.
 */
export type Restart = 'no' | 'camera' | 'daemon';

/** For a key's `meta`. */
export const restarts = (restart: Restart) => ({ 'x-restart': restart });

/** A text that is not empty. @param most characters */
export const text = (most: number) => z.string().min(1).max(most);

/** A file or folder: Linux takes no more characters (PATH_MAX, limits.h), and no zero among them. */
export const path = text(4096).refine((name) => !name.includes('\0'), 'expected a path without zero characters');

/** What goes into MQTT's packets, without what brokers may close a connection for (MQTT 5.0, section 1.5.4). */
export const mqttText = (schema: z.ZodString) =>
  schema.refine((value) => !/\p{Cc}/u.test(value), 'expected a text without control characters');

/** A whole number from `least` to `most`. */
export const whole = (least: number, most: number) => z.int().min(least).max(most);

/** A number from `least` to `most`. */
export const number = (least: number, most: number) => z.number().min(least).max(most);

/** An address with one of these schemes, of a machine that can be, and a port. */
export const url = (schemes: string[]) =>
  text(2048)
    .regex(new RegExp(`^(${schemes.join('|')})://.`), `expected an address with ${schemes.join(':// or ')}://`)
    .refine((address) => !address.includes('\0'), 'expected an address without zero characters')
    .superRefine((address, context) => {
      const message = /^[a-z]+:\/\/./.test(address) ? wrongPlace(address) : undefined;
      if (message) context.addIssue({ code: 'custom', message });
    });
