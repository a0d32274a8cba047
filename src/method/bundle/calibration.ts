import { z } from 'zod';

/** `calibration.json` of a bundle: the threshold, and the validation scores that it was chosen from. */
export const calibrationSchema = z.strictObject({
  rule: z.string(),
  parameters: z.record(z.string(), z.number()),
  threshold: z.number().positive(),
  /**
   * The rule's false alarms on the images below, each left out once, and the 95 % confidence interval of their rate.
   */
  falseAlarms: z.strictObject({
    count: z.int().nonnegative(),
    images: z.int().positive(),
    low: z.number(),
    high: z.number(),
  }),
  /** One a validation image; paths are relative to the dataset's folder. */
  scores: z.array(
    z.strictObject({
      image: z.string(),
      score: z.number(),
      /** Of a copy in another light, with noise and so on, see `degraded`. */
      degraded: z.boolean().optional(),
    }),
  ),
});

export type Calibration = z.infer<typeof calibrationSchema>;
