import type { Calibration } from '../../method/bundle/calibration.js';
import type { Manifest } from '../../method/bundle/manifest.js';
import type { Engine } from '../../method/engine/engine.js';
import type { Preprocessing } from '../../method/images/preprocessing.js';
import type { SampleBits } from '../../method/images/sample-bits.js';
import type { FrameShape } from '../../method/images/shape.js';
import type { Tiles } from '../../method/images/tiles.js';
import type { DatasetSource } from '../dataset/dataset.js';
import type { DistillationProgress } from '../distillation/distil.js';
import type { Recipe } from './recipes.js';

export interface TrainOptions {
  /** Folder of good images, or a dataset. */
  readonly data: DatasetSource;
  /** Safetensors file of the teacher. */
  readonly teacher: string;
  /** Folder to write the bundle to. */
  readonly out: string;
  readonly recipe: Recipe;
  /** Passes over the images, instead of those that the recipe has for so many. */
  readonly epochs?: number;
  readonly seed: number;
  /**
   * Goes on from the checkpoint beside `out`, where there is one, and replaces the bundle that the interruption left.
   */
  readonly resume?: boolean;
  /** Share of good parts that may be called anomalous, instead of the recipe's. */
  readonly falseAlarms?: number;
  /** Good images to leave out, by their paths in `data`. */
  readonly exclude?: readonly string[];
  /** Leaves out the images that score far above the others, see `oddImages`; for recipes with a memory. */
  readonly dropOdd?: boolean;
  readonly engine: Engine;
  readonly preprocessing?: Preprocessing;
  /** Height and width of the frames, instead of the recipe's or the pictures' own shape; multiples of 16. */
  readonly size?: readonly [number, number];
  /** Cuts the frames; without a size, each tile gets that which a whole frame would have. */
  readonly tiles?: Tiles;
  /** Ends the training after the step at hand; the best student so far becomes the bundle. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
}

export type TrainProgress =
  | ({ readonly stage: 'shape'; readonly images: number } & FrameShape)
  /** 16-bit files use so many bits. */
  | { readonly stage: 'samples'; readonly bits: SampleBits }
  | { readonly stage: 'images'; readonly done: number; readonly total: number }
  | ({ readonly stage: 'training' } & DistillationProgress)
  | { readonly stage: 'memory'; readonly done: number; readonly total: number }
  | { readonly stage: 'calibration' };

export interface TrainResult {
  readonly calibration: Calibration;
  readonly manifest: Omit<Manifest, 'files'>;
  /** False when the signal ended it early; the checkpoint is still there to resume from. */
  readonly finished: boolean;
  /** Images that `dropOdd` left out. */
  readonly dropped: readonly string[];
}
