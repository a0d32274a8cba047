import { bodyConvolutions, type Convolution, convolutions, featureMaps } from '../../method/model/backbone.js';
import type { ByBatch } from './inference.js';
import { rounded } from './statistics.js';

/**
 * What the machine could do, and what the detector makes of it (Williams et al. 2009,
 * https://doi.org/10.1145/1498765.1498785).
 */
export interface Roofline {
  /** Operations a second of one large convolution, in units of 10^9, by precision. */
  readonly peak: Record<string, number>;
  /** Operations of the detector's convolutions for one image, in units of 10^9. */
  readonly operations: number;
  /**
   * By precision, at the batch that takes least an image: what is reached, and its share of the peak. Empty when
   * inference was not measured.
   */
  readonly reached: Record<string, { readonly batch: number; readonly rate: number; readonly share: number }>;
}

/**
 * Operations (a product and a sum are two) of teacher's and student's convolutions for one image. Everything else, the
 * map included, is less than a hundredth of it.
 * @param size height and width of the image
 * @param sharedStem whether the student goes on from the teacher's stem
 */
export function operationsOf([height, width]: readonly [number, number], sharedStem: boolean): number {
  const pixels = height * width;
  const [stemConvolution] = convolutions;
  const body = bodyConvolutions.reduce((sum, one) => sum + operationsAt(one, pixels / strideOf(one) ** 2), 0);
  const stem = operationsAt(stemConvolution, pixels / stemConvolution.stride ** 2);
  return 2 * body + (sharedStem ? 1 : 2) * stem;
}

const operationsAt = ({ inChannels, outChannels, size }: Convolution, pixels: number): number =>
  2 * inChannels * outChannels * size ** 2 * pixels;

/** A convolution behind the stem writes maps as large as the feature map that has as many channels. */
function strideOf({ outChannels }: Convolution): number {
  const map = featureMaps.find(({ channels }) => channels === outChannels);
  return (map as NonNullable<typeof map>).stride;
}

/** @param peak operations a second; `operations` of one image; `inferenceMs` milliseconds an image */
export function roofline(peak: Readonly<Record<string, number>>, operations: number, inferenceMs: ByBatch): Roofline {
  const reached = Object.entries(inferenceMs).map(([precision, times]) => {
    const [batch, milliseconds] = Object.entries(times).reduce((best, one) => (one[1] < best[1] ? one : best));
    const rate = (1000 * operations) / milliseconds;
    return [
      precision,
      { batch: Number(batch), rate: rounded(rate / 1e9, 1), share: rounded(rate / peak[precision], 3) },
    ];
  });
  return {
    peak: Object.fromEntries(Object.entries(peak).map(([precision, rate]) => [precision, rounded(rate / 1e9, 1)])),
    operations: rounded(operations / 1e9, 3),
    reached: Object.fromEntries(reached),
  };
}
