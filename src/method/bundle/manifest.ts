import { z } from 'zod';
import { sampleBits } from '../images/sample-bits.js';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const triple = z.tuple([z.number(), z.number(), z.number()]);

/** Of one side of the detector's input, in pixels; more than this no detector has. */
export const LARGEST_SIDE = 4096;
const pixels = z.int().positive().max(LARGEST_SIDE);

/** Along one side of a frame. */
const tilesAlong = z.int().positive().max(64);

/** Counts up when bundles change in a way that older versions cannot read. */
export const schemaVersion = 2;

/** A file's name in the bundle: no folder, nothing hidden, so that no manifest reaches outside of its bundle. */
const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected a plain file name');

/** What no bundle can do without. */
const requiredFiles = ['detector.onnx', 'calibration.json', 'self-test.png'];
const int8Files = ['detector-int8.onnx', 'calibration-int8.json'];

/**
 * `manifest.json` of a bundle: everything needed to run the detector, to judge where it came from, and to notice
 * damage. It holds no time and no path of the machine that wrote it, so the same data, seed and version give the same
 * bytes.
 */
export const manifestSchema = z
  .strictObject({
    schemaVersion: z.literal(schemaVersion),
    backbone: z.literal('resnet18-layer3'),
    preprocessing: z.strictObject({
      size: z.tuple([pixels, pixels]),
      /** See `Framing`; bundles of earlier versions stretch every picture. */
      aspect: z.number().positive().optional(),
      mean: triple,
      std: triple,
      /** See `Tiles`; absent where frames are judged whole. */
      tiles: z.strictObject({ rows: tilesAlong, columns: tilesAlong, overlap: z.number().min(0).max(0.5) }).optional(),
      /** The bits that 16-bit files use; null where all images had 8. Bundles of earlier versions do not say. */
      sampleBits: z
        .literal([...sampleBits])
        .nullable()
        .optional(),
    }),
    detector: z.strictObject({
      file: z.literal('detector.onnx'),
      /** The largest batch the detector was built and checked for; every smaller one works too. */
      maxBatch: z.int().positive(),
      /** The highest mean of a map that scores leave out, see `Scoring`; for those that do. */
      background: z.number().positive().optional(),
    }),
    /** Of the good images as they are, see `UsualAppearance`; bundles of earlier versions do not say. */
    appearance: z
      .strictObject({
        brightness: z.tuple([z.number().nonnegative(), z.number().nonnegative()]),
        sharpness: z.number().nonnegative(),
      })
      .optional(),
    recipe: z.looseObject({ name: z.string(), epochs: z.int().nonnegative(), seed: z.int() }),
    /**
     * The good images, learned and held out; `data/fingerprint.ts` says what the hash is of, `padded` how many have
     * another shape than most.
     */
    data: z.strictObject({
      images: z.int().positive(),
      sha256,
      padded: z.int().nonnegative().optional(),
      /** Images that the memory was given afterwards, see `addImages`. */
      added: z.int().positive().optional(),
    }),
    /** The file that the teacher was read from. */
    teacher: z.strictObject({ sha256 }),
    /** Paths are relative to the dataset's folder. */
    split: z.strictObject({ seed: z.int(), training: z.array(z.string()), validation: z.array(z.string()) }),
    threshold: z.strictObject({
      value: z.number().positive(),
      rule: z.string(),
      parameters: z.record(z.string(), z.number()),
    }),
    /**
     * The same detector in 8-bit integers; its calibration is in `calibration-int8.json`. Bundles of earlier versions
     * have none.
     */
    int8: z
      .strictObject({
        file: z.literal('detector-int8.onnx'),
        threshold: z.number().positive(),
        selfTestScore: z.number().positive(),
        /**
         * Against fp32: of the scores' ranks, and of the area under the ROC of good pictures and ones with a pasted
         * defect.
         */
        agreement: z.strictObject({
          rankCorrelation: z.number(),
          auroc: z.strictObject({ fp32: z.number(), int8: z.number() }),
        }),
        /** Whether `precision: auto` may take it, and why. */
        agrees: z.boolean(),
        reason: z.string(),
      })
      .optional(),
    /** A held-out picture at the detector's size with a defect pasted in, and its score. */
    selfTest: z.strictObject({ file: z.literal('self-test.png'), score: z.number().positive() }),
    training: z.strictObject({
      /** What the student was trained on; it runs on any engine. */
      engine: z.string().default('onnx'),
      /** 0 where there is no student. */
      bestEpoch: z.int().nonnegative(),
      epochs: z.array(z.strictObject({ loss: z.number(), validationLoss: z.number() })),
    }),
    versions: z.strictObject({ kdadEdge: z.string(), onnxruntime: z.string(), tensorflow: z.string().optional() }),
    /** Every other file of the bundle. */
    files: z
      .record(fileName, z.strictObject({ bytes: z.int().nonnegative(), sha256 }))
      .refine(
        (files) => requiredFiles.every((name) => Object.hasOwn(files, name)),
        `expected ${requiredFiles.join(', ')}`,
      ),
  })
  .refine(({ int8, files }) => !int8 || int8Files.every((name) => Object.hasOwn(files, name)), {
    path: ['files'],
    message: `expected ${int8Files.join(', ')} beside int8`,
  });

export type Manifest = z.infer<typeof manifestSchema>;
