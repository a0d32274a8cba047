import { z } from 'zod';

/** `calibration.json` of a bundle: the threshold, and the validation scores that it was chosen from. */
export const calibrationSchema = z.strictObject({
  rule: z.string(),
  parameters: z.record(z.string(), z.number()),
  threshold: z.number().positive(),
  /** One a validation image; paths are relative to the dataset's folder. */
  scores: z.array(z.strictObject({ image: z.string(), score: z.number() })),
});

export type Calibration = z.infer<typeof calibrationSchema>;
