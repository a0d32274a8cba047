import { KdadError } from '../../common/errors.js';
import type { EngineName } from '../engine/engines.js';
import type { Detector, DetectorSource, Used } from './detector.js';

export interface DetectorOptions {
  /** `onnx` when left out. */
  readonly engine?: EngineName;
  /** Threads of the processor; one for each core that this process may use when left out or 0. */
  readonly threads?: number;
  /** Of the onnx engine, as `devicePattern`; the processor when left out. TensorFlow takes the GPU that it finds. */
  readonly device?: string;
  /** Of the onnx engine, see `SessionOptions`. */
  readonly spinning?: boolean;
  /** Told what the detector runs on, when it is loaded. */
  readonly onDevice?: (used: Used) => void;
}

/**
 * Loads a bundle's detector. Only what the engine needs is loaded: no TensorFlow.js for a file of `onnx`.
 * @throws KdadError ENGINE_FAILED, DEVICE_UNUSABLE, TENSORFLOW_MISSING, WEIGHTS_INVALID, BUNDLE_UNSUPPORTED
 */
export async function openDetector(source: DetectorSource, options: DetectorOptions = {}): Promise<Detector> {
  const detector = await load(source, options);
  options.onDevice?.(detector);
  return detector;
}

async function load(source: DetectorSource, options: DetectorOptions): Promise<Detector> {
  const { engine = 'onnx', threads, device, spinning } = options;
  if (engine === 'onnx') {
    const { DetectorSession } = await import('../engine/onnx/session.js');
    const model = source.precision === 'fp16' ? await halfOf(source) : source.detectorPath;
    return DetectorSession.load(model, { threads, device, spinning });
  }
  if (device !== undefined && device !== 'auto') {
    const message = `${device}: TensorFlow chooses its device itself (CUDA_VISIBLE_DEVICES narrows its choice); leave it to auto`;
    throw new KdadError('DEVICE_UNUSABLE', message);
  }
  const [{ openTensorflowEngine }, { ProgramDetector }] = await Promise.all([
    import('../engine/tensorflow/tensorflow-engine.js'),
    import('./program-detector.js'),
  ]);
  return ProgramDetector.load(source, await openTensorflowEngine({ threads }));
}

const halfOf = async (source: DetectorSource): Promise<Uint8Array> =>
  (await import('./half-detector.js')).halfDetector(source);
