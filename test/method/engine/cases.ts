import type { Program } from '../../../src/method/engine/engine.js';
import * as tf from '../../../src/method/tensorflow.js';
import { numbers } from '../../fixtures/numbers.js';
import type { Inputs } from '../../fixtures/reference.js';

type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;

/** A small program around one kernel. */
export interface Case {
  readonly operation: Operation;
  /** Shapes of the inputs; their values are between -1 and 1. */
  readonly shapes: readonly number[][];
  /** Makes the inputs positive: for roots, logarithms and divisors. */
  readonly positive?: boolean;
  /** False for kernels without a useful derivative. */
  readonly differentiable?: boolean;
}

const image = [2, 6, 5, 3];
const x4 = (x: tf.Tensor) => x as tf.Tensor4D;
/** An image in NCHW order inside the graph: what a convolution leaves behind. */
const convolved = (x: tf.Tensor) => tf.conv2d(x4(x), tf.ones<tf.Rank.R4>([1, 1, 3, 3]), 1, 'valid');

/** For every kernel that engines have to know, by its name in TensorFlow.js. */
export const cases: Record<string, Case[]> = {
  Abs: [{ operation: tf.abs, shapes: [[7]] }],
  Add: [
    { operation: tf.add, shapes: [image, image] },
    { operation: (x, b) => tf.add(convolved(x), b), shapes: [image, [3]] },
    { operation: (x, b) => tf.add(convolved(x), b), shapes: [image, image] },
    { operation: tf.add, shapes: [[4], [3, 1]] },
    { operation: tf.add, shapes: [[4], []] },
  ],
  AddN: [{ operation: (a, b) => tf.addN([convolved(a), b, b]), shapes: [image, image] }],
  AvgPool: [
    { operation: (x) => tf.avgPool(x4(x), 3, 1, 'same'), shapes: [image], differentiable: false },
    { operation: (x) => tf.avgPool(convolved(x), 3, 2, 'same'), shapes: [[2, 8, 6, 3]], differentiable: false },
  ],
  BatchMatMul: [
    {
      operation: (a, b) => tf.matMul(a, b),
      shapes: [
        [4, 3],
        [3, 5],
      ],
    },
    {
      operation: (a, b) => tf.matMul(a, b, true, true),
      shapes: [
        [2, 3, 4],
        [2, 5, 3],
      ],
    },
  ],
  Cast: [{ operation: (x) => tf.cast(x, 'int32'), shapes: [[5]], differentiable: false }],
  Concat: [
    {
      operation: (a, b) => tf.concat([a, b], 1),
      shapes: [
        [2, 3],
        [2, 4],
      ],
      differentiable: false,
    },
    { operation: (x, y) => tf.concat([convolved(x), y], 2), shapes: [image, [2, 6, 4, 3]], differentiable: false },
  ],
  Conv2D: [
    { operation: (x, w) => tf.conv2d(x4(x), x4(w), 1, 1), shapes: [image, [3, 3, 3, 4]] },
    {
      operation: (x, w) => tf.conv2d(x4(x), x4(w), 2, 3),
      shapes: [
        [1, 9, 12, 2],
        [7, 7, 2, 3],
      ],
    },
    { operation: (x, w) => tf.conv2d(x4(x), x4(w), [2, 1], 'same'), shapes: [image, [3, 2, 3, 4]] },
    { operation: (x, w) => tf.conv2d(x4(x), x4(tf.transpose(w, [2, 3, 1, 0])), 2, 0), shapes: [image, [4, 3, 1, 1]] },
  ],
  Conv2DBackpropFilter: [{ operation: (x, w) => tf.conv2d(x4(x), x4(w), 2, 1), shapes: [image, [3, 3, 3, 2]] }],
  Conv2DBackpropInput: [
    {
      operation: (dy, w) => tf.conv2dTranspose(x4(dy), x4(w), [2, 11, 9, 2], 2, 1),
      shapes: [image, [3, 3, 2, 3]],
      differentiable: false,
    },
  ],
  Exp: [{ operation: tf.exp, shapes: [[7]] }],
  ExpandDims: [{ operation: (x) => tf.expandDims(tf.sum(convolved(x), 3), 3), shapes: [image] }],
  Fill: [{ operation: (x) => tf.mul(x, tf.fill([2, 3], 1.5)), shapes: [[2, 3]] }],
  FusedBatchNorm: [
    {
      operation: (x, mean, variance, shift, scale) =>
        tf.batchNorm(
          convolved(x),
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          shift as tf.Tensor1D,
          scale as tf.Tensor1D,
        ),
      shapes: [image, [3], [3], [3], [3]],
      positive: true,
    },
  ],
  Greater: [{ operation: (a, b) => tf.cast(tf.greater(a, b), 'float32'), shapes: [[9], [9]], differentiable: false }],
  GreaterEqual: [
    { operation: (a, b) => tf.cast(tf.greaterEqual(a, b), 'float32'), shapes: [[9], [9]], differentiable: false },
  ],
  Identity: [{ operation: tf.clone, shapes: [[4]] }],
  Less: [{ operation: (a, b) => tf.cast(tf.less(a, b), 'float32'), shapes: [[9], [9]], differentiable: false }],
  LessEqual: [
    { operation: (a, b) => tf.cast(tf.lessEqual(a, b), 'float32'), shapes: [[9], [9]], differentiable: false },
  ],
  Log: [{ operation: tf.log, shapes: [[7]], positive: true }],
  LogicalAnd: [
    {
      operation: (a, b) => tf.cast(tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0)), 'float32'),
      shapes: [[9], [9]],
      differentiable: false,
    },
  ],
  LogicalNot: [
    { operation: (a) => tf.cast(tf.logicalNot(tf.greater(a, 0)), 'float32'), shapes: [[9]], differentiable: false },
  ],
  Max: [
    { operation: (x) => tf.max(convolved(x), [1, 2]), shapes: [image], differentiable: false },
    { operation: (x) => tf.max(x), shapes: [[5]], differentiable: false },
  ],
  Maximum: [{ operation: tf.maximum, shapes: [[9], [9]] }],
  MaxPool: [
    { operation: (x) => tf.maxPool(tf.relu(convolved(x)) as tf.Tensor4D, 3, 2, 1), shapes: [[2, 8, 7, 3]] },
    { operation: (x) => tf.maxPool(x4(x), 2, 2, 'valid'), shapes: [image] },
  ],
  MaxPoolGrad: [{ operation: (x) => tf.maxPool(x4(x), 3, 1, 1), shapes: [image] }],
  Mean: [
    { operation: (x) => tf.mean(convolved(x), [0, 1, 2]), shapes: [image] },
    { operation: (x) => tf.mean(x, 1, true), shapes: [[3, 4]] },
  ],
  Min: [{ operation: (x) => tf.min(x, 0), shapes: [[4, 3]], differentiable: false }],
  Minimum: [{ operation: tf.minimum, shapes: [[9], [9]] }],
  MirrorPad: [
    {
      operation: (x) =>
        tf.mirrorPad(
          convolved(x),
          [
            [0, 0],
            [2, 1],
            [0, 3],
            [0, 0],
          ],
          'reflect',
        ),
      shapes: [image],
      differentiable: false,
    },
  ],
  Multiply: [
    { operation: tf.mul, shapes: [image, image] },
    { operation: (x, y) => tf.mul(convolved(x), tf.sum(convolved(y), 3, true)), shapes: [image, image] },
  ],
  Neg: [{ operation: tf.neg, shapes: [[4]] }],
  OnesLike: [{ operation: (x) => tf.mul(x, tf.onesLike(convolved(x))), shapes: [image] }],
  PadV2: [
    {
      operation: (x) =>
        tf.pad(convolved(x), [
          [0, 0],
          [2, 1],
          [0, 3],
          [1, 0],
        ]),
      shapes: [image],
    },
  ],
  Pow: [{ operation: tf.pow, shapes: [[7], [7]], positive: true }],
  RealDiv: [{ operation: tf.div, shapes: [[3, 4], [4]], positive: true }],
  Relu: [{ operation: tf.relu, shapes: [image] }],
  Reshape: [
    { operation: (x) => tf.reshape(convolved(x), [2, 15, 6]), shapes: [image] },
    { operation: (x) => tf.reshape(tf.sum(convolved(x), 3), [2, 1, 6, 5]), shapes: [image] },
  ],
  ResizeBilinear: [
    {
      operation: (x) => tf.image.resizeBilinear(convolved(x), [12, 20], false, true),
      shapes: [image],
      differentiable: false,
    },
  ],
  Rsqrt: [{ operation: tf.rsqrt, shapes: [[7]], positive: true }],
  Select: [{ operation: (a, b) => tf.where(tf.tensor1d([1, 0, 0, 1], 'bool'), a, b), shapes: [[4], [4]] }],
  Sigmoid: [{ operation: tf.sigmoid, shapes: [[7]] }],
  Slice: [{ operation: (x) => tf.slice(convolved(x), [0, 1, 2, 0], [2, 4, -1, 2]), shapes: [image] }],
  Sqrt: [{ operation: tf.sqrt, shapes: [[7]], positive: true }],
  Square: [{ operation: tf.square, shapes: [[7]] }],
  SquaredDifference: [
    {
      operation: tf.squaredDifference,
      shapes: [
        [3, 4],
        [3, 4],
      ],
    },
  ],
  Step: [
    { operation: (x) => tf.step(x), shapes: [[9]], differentiable: false },
    { operation: (x) => tf.step(x, 0.3), shapes: [[9]], differentiable: false },
  ],
  Sub: [{ operation: tf.sub, shapes: [[3, 4], [4]] }],
  Sum: [
    { operation: (x) => tf.sum(convolved(x), [1, 3]), shapes: [image] },
    { operation: (x) => tf.sum(x), shapes: [[2, 3]] },
  ],
  Tile: [{ operation: (x) => tf.tile(convolved(x), [1, 2, 1, 3]), shapes: [image] }],
  TopK: [{ operation: (x) => tf.topk(x, 4).values, shapes: [[3, 9]], differentiable: false }],
  Transpose: [{ operation: (x) => tf.transpose(convolved(x), [3, 1, 0, 2]), shapes: [image] }],
  ZerosLike: [{ operation: (x) => tf.add(x, tf.zerosLike(convolved(x))), shapes: [image] }],
};

export function inputsOf({ shapes, positive: above }: Case): Inputs {
  const entries = shapes.map((shape, i) => {
    const data = numbers(tf.util.sizeFromShape(shape), i + 1);
    return [`input${i}`, { shape, type: 'float32' as const, data: above ? data.map((v) => 0.2 + Math.abs(v)) : data }];
  });
  return Object.fromEntries(entries);
}

/** The operation's value, and the gradients of its mean square for every input. */
export function programOf({ operation, differentiable = true }: Case): Program {
  return (inputs) => {
    const tensors = Object.values(inputs);
    if (!differentiable) return { value: operation(...tensors) };
    const objective = (...values: tf.Tensor[]) => tf.mean(tf.square(operation(...values))) as tf.Scalar;
    const { grads } = tf.valueAndGrads(objective)(tensors);
    return { value: operation(...tensors), ...Object.fromEntries(grads.map((grad, i) => [`gradient${i}`, grad])) };
  };
}

export const specsOf = (inputs: Inputs) =>
  Object.fromEntries(Object.entries(inputs).map(([name, { shape, type }]) => [name, { shape, type }]));
