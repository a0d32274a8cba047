import {
  add,
  div,
  image,
  max,
  maximum,
  mean,
  minimum,
  mul,
  pow,
  reshape,
  sub,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  topk,
} from '../tensorflow.js';
import { gaussianBlur } from './blur.js';
import { MEAN_PART, type Scoring, topCount } from './scoring.js';

/** How the distances of the three layers become one anomaly map. */
export interface MapOptions {
  /**
   * `product` stays small wherever one layer sees nothing; `geometric-mean` is its cube root, which ranks alike but
   * keeps the scale of a distance; `sum` adds the layers, each divided by its number of pixels; `relative-mean` and
   * `relative-max` are the mean and the largest of the layers, each divided by what is usual for it at that place on
   * good images.
   */
  readonly combine: 'product' | 'geometric-mean' | 'sum' | 'relative-mean' | 'relative-max';
  /** Height and width at which the layers are combined, in pixels. */
  readonly size: readonly [number, number];
  /** Standard deviation of a Gaussian blur, in pixels of the map; 0 for none. */
  readonly blur: number;
}

/**
 * The anomaly map of each image: batch x height x width.
 * @param distances of student and teacher in each layer, batch x height x width x 1
 * @param usual for the relative ones: the usual distance of each layer, 1 x height x width x 1 of its feature map,
 *   nowhere zero
 */
export function anomalyMap(
  distances: readonly Tensor4D[],
  options: MapOptions,
  usual: readonly Tensor4D[] = [],
): Tensor3D {
  const { combine, size, blur } = options;
  const maps = distances.map((distance, layer) => {
    const [, height, width] = distance.shape;
    const weighted = weigh[combine](distance, usual[layer]);
    if (height === size[0] && width === size[1]) return weighted;
    return image.resizeBilinear(weighted, [...size], false, true);
  });
  const combined = join[combine](maps);
  const [batch] = combined.shape;
  return reshape(blur > 0 ? gaussianBlur(combined, blur) : combined, [batch, ...size]);
}

type Combination = MapOptions['combine'];

/** What becomes of a layer's distances before they are brought to the size of the map. */
const weigh: Record<Combination, (distance: Tensor4D, usual: Tensor4D) => Tensor4D> = {
  product: (distance) => distance,
  'geometric-mean': (distance) => distance,
  sum: (distance) => div(distance, distance.shape[1] * distance.shape[2]),
  'relative-mean': (distance, usual) => div(distance, usual),
  'relative-max': (distance, usual) => div(distance, usual),
};

const productOf = (maps: readonly Tensor4D[]): Tensor4D => maps.reduce((a, b) => mul(a, b));
const sumOf = (maps: readonly Tensor4D[]): Tensor4D => maps.reduce((a, b) => add(a, b));

/** How the layers become one. */
const join: Record<Combination, (maps: readonly Tensor4D[]) => Tensor4D> = {
  product: productOf,
  'geometric-mean': (maps) => pow(productOf(maps), 1 / maps.length),
  sum: sumOf,
  'relative-mean': (maps) => div(sumOf(maps), maps.length),
  'relative-max': (maps) => maps.reduce((a, b) => maximum(a, b)),
};

/** The images' scores, from their maps of so many tiles. */
export function score(map: Tensor3D, scoring: Scoring = { by: 'max' }, tiles = 1): Tensor1D {
  if (scoring.by === 'max') return max(map, [1, 2]);
  const [batch, height, width] = map.shape;
  const all = reshape(map, [batch, height * width]) as Tensor2D;
  const largest = mean<Tensor1D>(topk(all, topCount(height * width, tiles), false).values, 1);
  if (scoring.by === 'top2%') return largest;
  const whole = mean<Tensor1D>(all, 1);
  const background = scoring.background === undefined ? whole : minimum(whole, scoring.background);
  return sub(largest, mul(background, MEAN_PART));
}
