import { conv2d, mirrorPad, type Tensor4D, tensor4d } from '../tensorflow.js';

/** Gaussian blur of every channel of one: separable, to four standard deviations, mirrored at the borders. */
export function gaussianBlur(x: Tensor4D, sigma: number): Tensor4D {
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
