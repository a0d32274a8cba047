import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { setUpTensorflow } from '../../../../src/tools/setup/tensorflow/set-up.js';
import { findWheel } from '../../../../src/tools/setup/tensorflow/wheel.js';
import { folderWith } from '../../../fixtures/folder.js';

/** A Python that has TensorFlow may be named by KDAD_EDGE_PYTHON. */
const python = process.env.KDAD_EDGE_PYTHON ?? 'python3';
const missing = await findWheel(python, { log: createWriteStream('/dev/null') }).then(
  () => undefined,
  (error: Error) => error.message,
);
if (missing) console.warn(`skipped, for want of a TensorFlow wheel: ${missing}`);

describe.skipIf(missing)('setting up the TensorFlow of a real wheel', () => {
  it('compiles an addon that finds its library by itself and trains as onnxruntime does', async () => {
    const folder = join(await folderWith(), 'tensorflow');
    const { LD_LIBRARY_PATH: _, ...environment } = process.env;
    const verifyEntry = pathToFileURL(
      join(import.meta.dirname, '../../../../dist/tools/setup/tensorflow/verify-main.js'),
    );
    const options = { python, environment: { ...environment, KDAD_EDGE_TENSORFLOW: folder }, verifyEntry };
    const first = await setUpTensorflow(options);
    expect(first.version).toMatch(/^2\.\d+\.\d+/);
    expect(first.difference).toBeLessThan(1e-2);
    expect(first.difference).toBeGreaterThan(0);
    expect(first.kept).toBe(false);
    expect(await setUpTensorflow(options)).toMatchObject({ kept: true, version: first.version });
  }, 600_000);
});
