import { add, maxPool, relu, type Tensor4D } from '../tensorflow.js';

/** One convolution of the backbone with the batch normalisation behind it, named as in torchvision's ResNet-18. */
export interface Convolution {
  readonly name: string;
  readonly batchNorm: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Height and width of the filter. */
  readonly size: number;
  readonly stride: number;
}

interface Block {
  readonly first: Convolution;
  readonly second: Convolution;
  /** Fits the shortcut where the block changes the size. */
  readonly shortcut?: Convolution;
}

const convolution = (
  name: string,
  batchNorm: string,
  [inChannels, outChannels]: [number, number],
  size: number,
  stride: number,
): Convolution => ({ name, batchNorm, inChannels, outChannels, size, stride });

function block(prefix: string, inChannels: number, outChannels: number, stride: number): Block {
  const channels: [number, number] = [inChannels, outChannels];
  const first = convolution(`${prefix}.conv1`, `${prefix}.bn1`, channels, 3, stride);
  const second = convolution(`${prefix}.conv2`, `${prefix}.bn2`, [outChannels, outChannels], 3, 1);
  if (stride === 1 && inChannels === outChannels) return { first, second };
  const shortcut = convolution(`${prefix}.downsample.0`, `${prefix}.downsample.1`, channels, 1, stride);
  return { first, second, shortcut };
}

const stemConvolution = convolution('conv1', 'bn1', [3, 64], 7, 2);

const layers: readonly (readonly Block[])[] = [
  [block('layer1.0', 64, 64, 1), block('layer1.1', 64, 64, 1)],
  [block('layer2.0', 64, 128, 2), block('layer2.1', 128, 128, 1)],
  [block('layer3.0', 128, 256, 2), block('layer3.1', 256, 256, 1)],
];

/** The convolutions of layer1 to layer3, in the order in which they run. */
export const bodyConvolutions: readonly Convolution[] = layers
  .flat()
  .flatMap(({ first, second, shortcut }) => (shortcut ? [first, second, shortcut] : [first, second]));

/** Every convolution of the backbone, in the order in which it runs. */
export const convolutions: readonly Convolution[] = [stemConvolution, ...bodyConvolutions];

/** Channels and stride of what the stem makes. */
export const stemMap = { channels: 64, stride: 4 } as const;

/** Channels and stride of the three feature maps. */
export const featureMaps = [
  { channels: 64, stride: 4 },
  { channels: 128, stride: 8 },
  { channels: 256, stride: 16 },
] as const;

/** Runs one convolution with its normalisation: folded for a frozen network, from the batch in training. */
type Convolve = (x: Tensor4D, convolution: Convolution) => Tensor4D;

/** The backbone, or the part of it behind the stem. */
export type Network = (x: Tensor4D, convolve: Convolve) => Tensor4D[];

/**
 * ResNet-18 up to layer3 (He et al. 2015, https://arxiv.org/abs/1512.03385).
 *
 * @param x normalised images, batch x height x width x 3; height and width multiples of 16
 * @returns the feature maps of layer1, layer2 and layer3: strides 4, 8 and 16; 64, 128 and 256 channels
 */
export function backbone(x: Tensor4D, convolve: Convolve): Tensor4D[] {
  return body(stem(x, convolve), convolve);
}

/** What comes before layer1: batch x height x width x 3 in, stride 4 and 64 channels out. */
export function stem(x: Tensor4D, convolve: Convolve): Tensor4D {
  return maxPool(relu(convolve(x, stemConvolution)), 3, 2, 1);
}

/**
 * The backbone behind its stem.
 * @returns the feature maps of layer1, layer2 and layer3
 */
export function body(x: Tensor4D, convolve: Convolve): Tensor4D[] {
  let y = x;
  return layers.map((blocks) => {
    for (const { first, second, shortcut } of blocks) {
      const residual = convolve(relu(convolve(y, first)), second);
      y = relu(add<Tensor4D>(residual, shortcut ? convolve(y, shortcut) : y));
    }
    return y;
  });
}
