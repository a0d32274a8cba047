import { backend_util } from '../../../tensorflow.js';
import type { Edge, Graph } from '../graph.js';
import { arrange, NCHW, physicalShape, reshapeEdge, sizeOf } from '../layout.js';
import { append, type Kernel, scalar, unsupported } from './kernel.js';

/**
 * Where each maximum came from, by graph and by the name of the pool's output: the gradient gets that output again,
 * under whatever data id TensorFlow.js cloned it to.
 */
const indicesOf = new WeakMap<Graph, Map<string, Edge>>();

const maxPool: Kernel = ({ graph, inputs: { x }, attributes: { filterSize, strides, pad, dimRoundingMode } }) => {
  const input = x.shape as [number, number, number, number];
  const info = backend_util.computePool2DInfo(input, filterSize, strides, 1, pad, dimRoundingMode);
  const { top, left, bottom, right } = info.padInfo;
  const output = physicalShape(info.outShape, NCHW);
  const [pooled, indices] = graph.node(
    'MaxPool',
    [arrange(graph, x, NCHW)],
    [
      { shape: output, type: 'float32' },
      { shape: output, type: 'int64' },
    ],
    {
      kernel_shape: [info.filterHeight, info.filterWidth],
      strides: [info.strideHeight, info.strideWidth],
      pads: [top, left, bottom, right],
    },
  );
  if (!indicesOf.has(graph)) indicesOf.set(graph, new Map());
  indicesOf.get(graph)?.set(pooled.name, indices);
  return { edge: pooled, shape: info.outShape, order: NCHW };
};

/** Adds each output's gradient to the place that its maximum came from; overlapping windows add up. */
const maxPoolGradient: Kernel = ({ graph, inputs: { dy, input, output } }) => {
  const indices = indicesOf.get(graph)?.get(output.edge.name);
  if (!indices) throw unsupported('MaxPoolGrad', 'its output does not come from a MaxPool of the same program');
  const shape = physicalShape(input.shape, NCHW);
  const flat = [{ shape: [sizeOf(shape)], type: 'float32' as const }];
  const outputs = sizeOf(output.shape);
  const [zeros] = graph.node('Expand', [scalar(graph, 0), graph.integers([sizeOf(shape)])], flat);
  const places = reshapeEdge(graph, indices, [outputs]);
  const gradient = reshapeEdge(graph, arrange(graph, dy, NCHW), [outputs]);
  const [sum] = graph.node('ScatterElements', [zeros, places, gradient], flat, { axis: 0, reduction: 'add' });
  return { edge: reshapeEdge(graph, sum, shape), shape: input.shape, order: NCHW };
};

/** Averages over what lies inside of the image. */
const avgPool: Kernel = ({ graph, inputs: { x }, attributes: { filterSize, strides, pad, dimRoundingMode } }) => {
  const input = x.shape as [number, number, number, number];
  const info = backend_util.computePool2DInfo(input, filterSize, strides, 1, pad, dimRoundingMode);
  const { top, left, bottom, right } = info.padInfo;
  return append(
    graph,
    'AveragePool',
    [arrange(graph, x, NCHW)],
    { shape: info.outShape, order: NCHW },
    {
      kernel_shape: [info.filterHeight, info.filterWidth],
      strides: [info.strideHeight, info.strideWidth],
      pads: [top, left, bottom, right],
      count_include_pad: 0,
    },
  );
};

export const pooling: Record<string, Kernel> = {
  AvgPool: avgPool,
  MaxPool: maxPool,
  MaxPoolGrad: maxPoolGradient,
};
