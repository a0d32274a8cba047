import { randomFrom } from '../../common/random.js';
import { type Edge, Graph } from '../../method/engine/onnx/graph.js';
import { Session } from '../../method/engine/onnx/runtime.js';
import type { Measuring } from './inference.js';
import { inTurns } from './rounds.js';

/** Large enough to keep every core at work, and of the shape that the backbone's are of. */
const CHANNELS = 256;
const SIZE = 64;
const FILTER = 3;
/** One after the other, so that what goes in and comes out counts for little. */
const CONVOLUTIONS = 4;

const shape = [1, CHANNELS, SIZE, SIZE];
const values = CHANNELS * SIZE * SIZE;
const attributes = { kernel_shape: [FILTER, FILTER], pads: [1, 1, 1, 1] };

/** Operations of the whole graph: a product and a sum are two. */
export const OPERATIONS = CONVOLUTIONS * 2 * CHANNELS ** 2 * FILTER ** 2 * SIZE ** 2;

/**
 * Operations a second of onnxruntime's convolutions, in floats and in 8-bit integers.
 * @throws KdadError ENGINE_FAILED; the signal's reason
 */
export async function convolutionPeak({
  threads,
  repetition,
  signal,
}: Measuring): Promise<{ fp32: number; int8: number }> {
  const random = randomFrom(1);
  const floats = await Session.open(inFloats(random).encode(), { threads });
  const bytes = await Session.open(inBytes(random).encode(), { threads });
  try {
    const x = { shape, data: Float32Array.from({ length: values }, () => random() - 0.5) };
    const y = { shape, data: Uint8Array.from({ length: values }, () => 256 * random()) };
    const milliseconds = await inTurns(
      { fp32: () => floats.run({ x }), int8: () => bytes.run({ x: y }) },
      repetition,
      signal,
    );
    const perSecond = (time: number) => (1000 * OPERATIONS) / time;
    return { fp32: perSecond(milliseconds.fp32), int8: perSecond(milliseconds.int8) };
  } finally {
    await Promise.all([floats.close(), bytes.close()]);
  }
}

const weights = CHANNELS * CHANNELS * FILTER ** 2;
const filterShape = [CHANNELS, CHANNELS, FILTER, FILTER];

function inFloats(random: () => number): Graph {
  const graph = new Graph();
  let edge: Edge = graph.input('x', 'float32', shape);
  // So large that what comes out of one convolution is about as large as what went in.
  const largest = Math.sqrt(3 / (CHANNELS * FILTER ** 2));
  for (let i = 0; i < CONVOLUTIONS; i++) {
    const filter = Float32Array.from({ length: weights }, () => largest * (2 * random() - 1));
    const operands = [edge, graph.constant(filter, filterShape, 'float32')];
    [edge] = graph.node('Conv', operands, [{ shape, type: 'float32' }], attributes);
  }
  return withSmallOutput(graph, edge);
}

function inBytes(random: () => number): Graph {
  const graph = new Graph();
  let edge: Edge = graph.input('x', 'uint8', shape);
  const scale = graph.constant(Float32Array.of(0.02), [], 'float32');
  const zero = graph.constant(Uint8Array.of(128), [], 'uint8');
  const channels = [CHANNELS];
  const scales = graph.constant(new Float32Array(CHANNELS).fill(0.0005), channels, 'float32');
  const zeros = graph.constant(new Int8Array(CHANNELS), channels, 'int8');
  for (let i = 0; i < CONVOLUTIONS; i++) {
    const filter = graph.constant(
      Int8Array.from({ length: weights }, () => 127 * random() - 63),
      filterShape,
      'int8',
    );
    const operands = [edge, scale, zero, filter, scales, zeros, scale, zero];
    [edge] = graph.node('QLinearConv', operands, [{ shape, type: 'uint8' }], attributes);
  }
  return withSmallOutput(graph, edge);
}

/** Its largest value, so that no map has to be copied out. */
function withSmallOutput(graph: Graph, edge: Edge): Graph {
  const [largest] = graph.node('ReduceMax', [edge], [{ shape: [], type: edge.type }], { keepdims: 0 });
  graph.output('largest', largest);
  return graph;
}
