import { z } from 'zod';

const EXPECTED =
  'expected { factor: 1.1 }: so many times the threshold of the model (a number alone was a score, which other models do not share)';

/**
 * A camera's own threshold, by that of its model: so it keeps its meaning when another model judges, or the same one in another precision. The
 * configuration, commands and what is kept of commands have it in this form.
 */
export const relativeThreshold = z.strictObject(
  {
    factor: z
      .number()
      .min(0.1)
      .max(10)
      .describe("The model's threshold times so much: above 1 fewer frames are anomalous, below 1 more."),
  },
  { error: ({ code }) => (code === 'invalid_type' ? EXPECTED : undefined) },
);

export type RelativeThreshold = z.infer<typeof relativeThreshold>;

/** The score from which on a frame is anomalous. @param own of the camera; without it the model's threshold counts */
export const thresholdFor = (model: { readonly threshold: number }, own?: RelativeThreshold): number =>
  model.threshold * (own?.factor ?? 1);
