import { fileURLToPath } from 'node:url';
import { KdadError } from '../../../common/errors.js';
import { type RunOptions, run } from './run.js';

/** What a step of training on TensorFlow has shown. */
export interface Verified {
  /** Of TensorFlow's library. */
  readonly version: string;
  readonly device: 'cpu' | 'gpu';
  /** From the same step on the onnx engine, see `compareStep`. */
  readonly difference: number;
}

/** Rounding on another device stays far below; a wrong kernel does not. */
const TOLERANCE = 0.01;

/**
 * Takes a real step of training on the TensorFlow in a folder, in a process of its own.
 * @param entry the compiled `verify-main.js`
 * @throws KdadError TENSORFLOW_BROKEN when it cannot be loaded, crashes or gives other numbers than the onnx engine
 */
export async function verify(
  folder: string,
  options: RunOptions,
  entry = new URL('./verify-main.js', import.meta.url),
): Promise<Verified> {
  // All that TensorFlow says goes to the log: there it tells why it uses no GPU.
  const env = { ...options.env, KDAD_EDGE_TENSORFLOW: folder, TF_CPP_MIN_LOG_LEVEL: '0' };
  const { code, signal, stdout, lastLines } = await run(process.execPath, [fileURLToPath(entry)], { ...options, env });
  if (signal !== null)
    throw new KdadError('TENSORFLOW_BROKEN', `it crashes (${signal}) when it takes a step of training`);
  if (code !== 0) throw new KdadError('TENSORFLOW_BROKEN', `it cannot take a step of training:\n${lastLines}`);
  const verified = JSON.parse(stdout.trim().split('\n').at(-1) as string) as Verified | { difference: null };
  const { difference } = verified;
  // JSON knows neither infinity nor NaN.
  if (difference === null) throw new KdadError('TENSORFLOW_BROKEN', 'its step of training gives no numbers');
  if (difference > TOLERANCE) {
    const found = `its step of training differs by ${difference} from onnxruntime's; expected ${TOLERANCE} at most`;
    throw new KdadError('TENSORFLOW_BROKEN', found);
  }
  return verified;
}
