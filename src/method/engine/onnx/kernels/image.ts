import { arrange, NCHW } from '../layout.js';
import { append, type Kernel, unsupported } from './kernel.js';

const resizeBilinear: Kernel = ({
  graph,
  inputs: { images },
  attributes: { size, alignCorners, halfPixelCenters },
}) => {
  if (alignCorners || !halfPixelCenters) throw unsupported('ResizeBilinear', 'it takes only half-pixel centres');
  const [batch, , , channels] = images.shape;
  const shape = [batch, size[0], size[1], channels];
  const inputs = [arrange(graph, images, NCHW), undefined, undefined, graph.integers(size)];
  return append(
    graph,
    'Resize',
    inputs,
    { shape, order: NCHW },
    {
      mode: 'linear',
      coordinate_transformation_mode: 'half_pixel',
      axes: [2, 3],
    },
  );
};

/** Batch normalisation with given statistics: one pass over the image, also where training computed them. */
const batchNorm: Kernel = ({
  graph,
  inputs: { x, mean, variance, offset, scale },
  attributes: { varianceEpsilon },
}) => {
  const channels = x.shape[3];
  const constant = (value: number) => graph.constant(new Float32Array(channels).fill(value), [channels], 'float32');
  const inputs = [
    arrange(graph, x, NCHW),
    scale?.edge ?? constant(1),
    offset?.edge ?? constant(0),
    mean.edge,
    variance.edge,
  ];
  const attributes = { epsilon: { float: varianceEpsilon } };
  return append(graph, 'BatchNormalization', inputs, { shape: x.shape, order: NCHW }, attributes);
};

export const image: Record<string, Kernel> = { ResizeBilinear: resizeBilinear, FusedBatchNorm: batchNorm };
