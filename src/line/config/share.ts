import { z } from 'zod';

const EXPECTED = 'expected a share such as 0.5%';

/**
 * A share of 100 as the configuration writes it, say `0.5%`, read as a part of 1.
 * @param least and `most`: the bounds, in percent
 */
export const share = (least: number, most: number) =>
  z
    .string(EXPECTED)
    .regex(/^\d+(\.\d+)? ?%$/, EXPECTED)
    .transform((text) => Number.parseFloat(text) / 100)
    .refine((value) => value >= least / 100, `expected at least ${least}%`)
    .refine((value) => value <= most / 100, `expected at most ${most}%`)
    .meta({ 'x-minimum': `${least}%`, 'x-maximum': `${most}%` });
