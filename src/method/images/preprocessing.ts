import type { KnownBits } from './sample-bits.js';
import type { Tiles } from './tiles.js';

/** How pictures of any shape are brought into frames of one size. */
export interface Framing {
  /** Height and width in pixels. */
  readonly size: readonly [number, number];
  /**
   * Width by height of the pictures that fill a whole frame; one of another shape is padded, so that none is stretched
   * differently from the others. When absent, every picture is stretched to the frame.
   */
  readonly aspect?: number;
  /** What the samples of 16-bit files mean. */
  readonly sampleBits?: KnownBits;
}

/**
 * How a picture becomes the detector's input: RGB, bilinear antialiased resize into `size` (see `Framing`), divided by
 * 255, then normalised per channel. Stored in the manifest. Resizing happens outside the detector
 * (sharp for files, ffmpeg's scale for streams); the division and normalisation are part of the detector's graph.
 */
export interface Preprocessing extends Framing {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** How the detector's graph cuts the frame, where it does. */
  readonly tiles?: Tiles;
}

/** The statistics that ImageNet-trained networks expect, at the size that the method was published with. */
export const imagenetPreprocessing: Preprocessing = {
  size: [256, 256],
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};
