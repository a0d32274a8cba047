import { backend_util } from '../../../tensorflow.js';
import { unsupported } from './kernel.js';

export type Shape4 = [number, number, number, number];

/** The sizes, strides and padding of a convolution; TensorFlow.js computes them, so that both agree on rounding. */
// biome-ignore lint/suspicious/noExplicitAny: the attributes of three kernels that share these names.
export function geometry(kernel: string, x: readonly number[], filter: readonly number[], attributes: any) {
  const { strides, pad, dataFormat = 'NHWC', dilations = 1, dimRoundingMode } = attributes;
  if (dataFormat !== 'NHWC') throw unsupported(kernel, `data format ${dataFormat}; write it in NHWC`);
  const info = backend_util.computeConv2DInfo(x as Shape4, filter as Shape4, strides, dilations, pad, dimRoundingMode);
  if (info.dilationHeight !== 1 || info.dilationWidth !== 1) throw unsupported(kernel, 'a dilated convolution');
  const { top, left, bottom, right } = info.padInfo;
  return { ...info, pads: [top, left, bottom, right], strides: [info.strideHeight, info.strideWidth] };
}
