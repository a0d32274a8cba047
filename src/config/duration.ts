import { z } from 'zod';

const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** A length of time as the configuration writes it, number and unit (`100ms`, `20s`, `5m`, `1h`), read as milliseconds. */
export const duration = z
  .string('expected a duration such as 100ms, 20s or 5m')
  .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, 'expected a duration such as 100ms, 20s or 5m')
  .transform(parseDuration);

/** A duration that is not zero. */
export const positiveDuration = duration.refine((value) => value > 0, 'expected a duration above zero');

function parseDuration(text: string): number {
  const [, number, unit] = /^([\d.]+)([a-z]+)$/.exec(text)!;
  return Number(number) * milliseconds[unit as keyof typeof milliseconds];
}
