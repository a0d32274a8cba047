import { z } from 'zod';
import { share } from './share.js';

const A_SCORE = 'a number alone was a score, which other models do not share';

const factor = z
  .number()
  .min(0.1)
  .max(10)
  .describe("Multiply the model's threshold by this: above 1, fewer frames are anomalous; below 1, more.");

/**
 * A threshold by that of the model: so it keeps its meaning when another one judges, or the same one in another
 * precision. Commands set it.
 */
export const relativeThreshold = z.strictObject(
  { factor },
  {
    error: ({ code }) =>
      code === 'invalid_type'
        ? `expected { factor: 1.1 }: so many times the threshold of the model (${A_SCORE})`
        : undefined,
  },
);

export type RelativeThreshold = z.infer<typeof relativeThreshold>;

/** A threshold as the configuration has it: by that of the model, or by the scores that the model was calibrated on. */
export const configuredThreshold = z
  .strictObject(
    {
      factor: factor.optional(),
      falseAlarms: share(0.01, 50)
        .optional()
        .describe(
          'The share of good parts that may be called anomalous, for example `0.5%`. The threshold is found from the scores of held-out good images in the model: their median plus a multiple of their upper spread.',
        ),
    },
    {
      error: ({ code }) =>
        code === 'invalid_type' ? `expected { factor: 1.1 } or { falseAlarms: 0.5% } (${A_SCORE})` : undefined,
    },
  )
  .refine(({ factor, falseAlarms }) => (factor === undefined) !== (falseAlarms === undefined), {
    message: 'expected one of factor and falseAlarms',
  });

/**
 * From where on a frame that is not anomalous yet is to be looked at: by the camera's threshold, or by the same scores
 * as that.
 */
export const configuredReview = z
  .strictObject(
    {
      factor: z
        .number()
        .min(0.1)
        .max(0.99)
        .optional()
        .describe("The band starts at the camera's threshold times this."),
      falseAlarms: share(0.01, 50)
        .optional()
        .describe(
          'The share of good parts that may be reviewed or called anomalous, for example `5%`; more than for `threshold`. A commanded threshold moves the band with it.',
        ),
    },
    {
      error: ({ code }) => (code === 'invalid_type' ? 'expected { falseAlarms: 5% } or { factor: 0.9 }' : undefined),
    },
  )
  .refine(({ factor, falseAlarms }) => (factor === undefined) !== (falseAlarms === undefined), {
    message: 'expected one of factor and falseAlarms',
  });
