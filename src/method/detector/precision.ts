import { existsSync } from 'node:fs';
import { KdadError } from '../../common/errors.js';
import type { PrecisionChoice } from '../bundle/precision.js';
import { libraryOf, parseDevice } from '../engine/onnx/device.js';
import type { DetectorOptions } from './open-detector.js';

/**
 * The precision to open a bundle in, for what will run it: integers are for the processor, halves for onnxruntime.
 * @throws KdadError DEVICE_UNUSABLE when they are asked for on anything else
 */
export function precisionFor(
  wanted: PrecisionChoice,
  { engine = 'onnx', device = 'cpu' }: DetectorOptions,
): PrecisionChoice {
  const withoutGpu = device === 'auto' && !existsSync(libraryOf(parseDevice('cuda')) as string);
  if (engine === 'onnx' && (device === 'cpu' || withoutGpu)) return wanted;
  if (wanted === 'fp16' && engine === 'onnx') return wanted;
  if (wanted !== 'int8' && wanted !== 'fp16') return 'fp32';
  const owner = wanted === 'int8' ? 'the processor, by engine onnx' : 'engine onnx';
  const message = `precision ${wanted} is for ${owner}: with engine ${engine} and device ${device}, take auto or fp32`;
  throw new KdadError('DEVICE_UNUSABLE', message);
}
