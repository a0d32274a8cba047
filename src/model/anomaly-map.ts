import {
  add,
  conv2d,
  div,
  image,
  max,
  maximum,
  mirrorPad,
  mul,
  pow,
  reshape,
  type Tensor1D,
  type Tensor3D,
  type Tensor4D,
  tensor4d,
} from '../tensorflow.js';
import { featureDistance } from './distillation.js';

/** How the distances of the three layers become one anomaly map. */
export interface MapOptions {
  /**
   * `product` stays small wherever one layer sees nothing; `geometric-mean` is its cube root, which ranks alike but keeps the scale
   * of a distance; `sum` adds the layers, each divided by its number of pixels; `relative-mean` and `relative-max` are the mean and
   * the largest of the layers, each divided by what is usual for it at that place on good images.
   */
  readonly combine: 'product' | 'geometric-mean' | 'sum' | 'relative-mean' | 'relative-max';
  /** Height and width at which the layers are combined, in pixels. */
  readonly size: readonly [number, number];
  /** Standard deviation of a Gaussian blur, in pixels of the map; 0 for none. */
  readonly blur: number;
}

/**
 * The anomaly map of each image: batch x height x width.
 * @param students feature maps of the student
 * @param teachers feature maps of the teacher
 * @param usual for the relative ones: the usual distance of each layer, 1 x height x width x 1 of its feature map, nowhere zero
 */
export function anomalyMap(
  students: readonly Tensor4D[],
  teachers: readonly Tensor4D[],
  options: MapOptions,
  usual: readonly Tensor4D[] = [],
): Tensor3D {
  const { combine, size, blur } = options;
  const maps = students.map((student, layer) => {
    const distance = featureDistance(student, teachers[layer]);
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

/** An image's score: the largest value of its map. */
export const score = (map: Tensor3D): Tensor1D => max(map, [1, 2]);

/** Separable, to four standard deviations, mirrored at the borders. */
function gaussianBlur(x: Tensor4D, sigma: number): Tensor4D {
  const [, height, width] = x.shape;
  const radius = Math.min(Math.ceil(4 * sigma), height - 1, width - 1);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2));
  const total = weights.reduce((a, b) => a + b, 0);
  const kernel = weights.map((weight) => weight / total);
  const border: [number, number] = [radius, radius];
  const padded: Tensor4D = mirrorPad(x, [[0, 0], border, border, [0, 0]], 'reflect');
  const rows = conv2d(padded, tensor4d(kernel, [kernel.length, 1, 1, 1]), 1, 'valid');
  return conv2d(rows, tensor4d(kernel, [1, kernel.length, 1, 1]), 1, 'valid');
}
