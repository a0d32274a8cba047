import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type MaxPoolAttrs,
  type NamedTensorInfoMap,
  registerKernel,
  type Tensor,
  type TensorInfo,
  tensor1d,
  unregisterKernel,
} from '../../tensorflow.js';

/** What tfjs-node's backend offers to kernels. */
interface NativeBackend {
  readonly binding: Readonly<
    Record<'TF_FLOAT' | 'TF_ATTR_TYPE' | 'TF_ATTR_INT' | 'TF_ATTR_STRING' | 'TF_ATTR_BOOL', number>
  >;
  /** Runs an operation of TensorFlow that has one output. */
  executeSingleOutput(name: string, attributes: readonly object[], inputs: readonly TensorInfo[]): Tensor;
}

type Inputs = Readonly<Record<string, TensorInfo>>;
type Kernel = (inputs: Inputs, attributes: never, backend: NativeBackend) => TensorInfo;

/** Where an operation's window lies: what convolutions and pools have in common. */
type Window = Pick<
  backend_util.Conv2DInfo,
  'padInfo' | 'strideHeight' | 'strideWidth' | 'dilationHeight' | 'dilationWidth' | 'filterHeight' | 'filterWidth'
>;

/**
 * Kernels that tfjs-node refuses to run with padding by a number, as ResNet pads, though TensorFlow's operations take
 * it.
 */
const kernels: Readonly<Record<string, Kernel>> = {
  Conv2D: ({ x, filter }, { strides, pad, dilations, dimRoundingMode }: Conv2DAttrs, native) => {
    const info = backend_util.computeConv2DInfo(shape4(x), shape4(filter), strides, dilations, pad, dimRoundingMode);
    return native.executeSingleOutput('Conv2D', convolution(native, info), [x, filter]);
  },
  Conv2DBackpropFilter: (
    { x, dy },
    { strides, pad, dimRoundingMode, filterShape }: Conv2DBackpropFilterAttrs,
    native,
  ) => {
    const info = backend_util.computeConv2DInfo(shape4(x), filterShape, strides, 1, pad, dimRoundingMode);
    return withSizes(filterShape, (sizes) =>
      native.executeSingleOutput('Conv2DBackpropFilter', convolution(native, info), [x, sizes, dy]),
    );
  },
  Conv2DBackpropInput: (
    { dy, filter },
    { strides, pad, dimRoundingMode, inputShape }: Conv2DBackpropInputAttrs,
    native,
  ) => {
    const info = backend_util.computeConv2DInfo(inputShape, shape4(filter), strides, 1, pad, dimRoundingMode);
    return withSizes(inputShape, (sizes) =>
      native.executeSingleOutput('Conv2DBackpropInput', convolution(native, info), [sizes, filter, dy]),
    );
  },
  MaxPool: ({ x }, { filterSize, strides, pad, dimRoundingMode }: MaxPoolAttrs, native) => {
    const info = backend_util.computePool2DInfo(shape4(x), filterSize, strides, 1, pad, dimRoundingMode);
    return native.executeSingleOutput('MaxPool', pool(native, info), [x]);
  },
  MaxPoolGrad: ({ dy, input, output }, { filterSize, strides, pad, dimRoundingMode }: MaxPoolAttrs, native) => {
    const info = backend_util.computePool2DInfo(shape4(input), filterSize, strides, 1, pad, dimRoundingMode);
    return native.executeSingleOutput('MaxPoolGrad', pool(native, info), [input, output, dy]);
  },
};

/** Puts the kernels above in the place of tfjs-node's own. */
export function completeKernels(backendName: string): void {
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    unregisterKernel(kernelName, backendName);
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) =>
        kernel(inputs as NamedTensorInfoMap as Inputs, attrs as never, backend as NativeBackend),
    });
  }
}

const shape4 = ({ shape }: TensorInfo) => shape as [number, number, number, number];

/** Runs an operation that takes a shape as a tensor. */
function withSizes(shape: number[], run: (sizes: Tensor) => Tensor): Tensor {
  const sizes = tensor1d(shape, 'int32');
  const result = run(sizes);
  sizes.dispose();
  return result;
}

function window({ binding }: NativeBackend, { padInfo, strideHeight, strideWidth }: Window): object[] {
  const { type, top, bottom, left, right } = padInfo;
  return [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'strides', type: binding.TF_ATTR_INT, value: [1, strideHeight, strideWidth, 1] },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    ...(type === 'VALID' || type === 'SAME'
      ? [{ name: 'padding', type: binding.TF_ATTR_STRING, value: type }]
      : [
          { name: 'padding', type: binding.TF_ATTR_STRING, value: 'EXPLICIT' },
          { name: 'explicit_paddings', type: binding.TF_ATTR_INT, value: [0, 0, top, bottom, left, right, 0, 0] },
        ]),
  ];
}

const convolution = (native: NativeBackend, info: Window): object[] => [
  ...window(native, info),
  { name: 'dilations', type: native.binding.TF_ATTR_INT, value: [1, info.dilationHeight, info.dilationWidth, 1] },
  { name: 'use_cudnn_on_gpu', type: native.binding.TF_ATTR_BOOL, value: true },
];

const pool = (native: NativeBackend, info: Window): object[] => [
  ...window(native, info),
  { name: 'ksize', type: native.binding.TF_ATTR_INT, value: [1, info.filterHeight, info.filterWidth, 1] },
];
