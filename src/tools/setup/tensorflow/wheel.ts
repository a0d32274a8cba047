import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { KdadError } from '../../../common/errors.js';
import { type RunOptions, run } from './run.js';

/**
 * TensorFlow's C library and its headers, as every wheel for Linux carries them: tensorflow, tensorflow-cpu, and
 * NVIDIA's for the Jetson.
 */
export interface Wheel {
  /** Say `/usr/lib/python3/dist-packages/tensorflow`. */
  readonly folder: string;
  readonly libraries: readonly string[];
  readonly headers: string;
}

/**
 * Where Python would import TensorFlow from, without importing it: that takes seconds, and fails where a GPU's
 * libraries are missing.
 */
const QUESTION = `
import importlib.util, json
spec = importlib.util.find_spec('tensorflow')
print(json.dumps(list(spec.submodule_search_locations or []) if spec else []))
`;

/**
 * Finds the TensorFlow wheel of a Python.
 * @param python name or path of the interpreter
 * @throws KdadError PYTHON_MISSING, WHEEL_MISSING
 */
export async function findWheel(python: string, options: RunOptions): Promise<Wheel> {
  // Not here: a folder of that name in the working directory would count as TensorFlow.
  const asked = await run(python, ['-c', QUESTION], { ...options, cwd: '/' });
  if (!asked.found) throw new KdadError('PYTHON_MISSING', `${python}: there is no such program`);
  if (asked.code !== 0)
    throw new KdadError('PYTHON_MISSING', `${python} is not a working Python 3:\n${asked.lastLines}`);
  const [folder] = JSON.parse(asked.stdout) as string[];
  if (folder === undefined) throw new KdadError('WHEEL_MISSING', `${python} has no TensorFlow`);
  const wheel = {
    folder,
    libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map((name) => join(folder, name)),
    headers: join(folder, 'include'),
  };
  const needed = [
    ...wheel.libraries,
    ...['c_api.h', 'eager/c_api.h'].map((name) => join(folder, 'include/tensorflow/c', name)),
  ];
  for (const file of needed) {
    await access(file).catch((cause) => {
      const message = `the TensorFlow of ${python} lacks ${file}, which wheels of TensorFlow 2 for Linux carry`;
      throw new KdadError('WHEEL_MISSING', message, { cause });
    });
  }
  return wheel;
}
