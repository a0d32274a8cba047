import { z } from 'zod';

const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** A length of time with its unit, as the configuration writes it. */
export type DurationText = `${number}${keyof typeof milliseconds}`;

/** What timers count to: 31 bits of milliseconds; a longer one would be over at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * A length of time as the configuration writes it, number and unit (`100ms`, `20s`, `5m`, `1h`), read as milliseconds.
 * @param least and `most`: the bounds
 */
export const duration = (least: DurationText, most: DurationText) =>
  z
    .string('expected a duration such as 100ms, 20s or 5m')
    .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, 'expected a duration such as 100ms, 20s or 5m')
    .transform(parseDuration)
    .refine((value) => value >= parseDuration(least), `expected at least ${least}`)
    .refine((value) => value <= parseDuration(most), `expected at most ${most}`)
    .meta({ 'x-minimum': least, 'x-maximum': most });

/** In milliseconds. */
export function parseDuration(text: string): number {
  const [, number, unit] = /^([\d.]+)([a-z]+)$/.exec(text)!;
  return Number(number) * milliseconds[unit as keyof typeof milliseconds];
}
