import { join } from 'node:path';
import { resolveTeacher } from '../../learning/teacher/store.js';
import { recipes } from '../../learning/training/recipes.js';
import { train } from '../../learning/training/train.js';
import { OnnxEngine } from '../../method/engine/onnx/onnx-engine.js';
import { writeDataset } from '../demo/dataset.js';
import { bracket } from '../demo/products/bracket.js';

/** Few and few epochs: a detector is as fast as any other when it knows its parts only roughly. */
const IMAGES = 24;
const EPOCHS = 12;

/**
 * A bundle of a rendered product, trained for half a minute: for measurements that need one, whatever it knows.
 * @returns its folder, in `folder`
 */
export async function makeBundle(
  folder: string,
  options: {
    readonly threads?: number;
    readonly signal?: AbortSignal;
    readonly onProgress?: (what: string) => void;
  } = {},
): Promise<string> {
  const { threads, signal, onProgress } = options;
  const [data, out] = [join(folder, 'parts'), join(folder, 'model')];
  await writeDataset(bracket, data, { good: IMAGES, testGood: 0, defective: 0 }, 0, (done) =>
    onProgress?.(`pictures ${done}/${IMAGES}`),
  );
  signal?.throwIfAborted();
  await train({
    data,
    teacher: await resolveTeacher(undefined),
    out,
    recipe: recipes.kdad,
    epochs: EPOCHS,
    seed: 0,
    engine: new OnnxEngine({ threads }),
    signal,
    onProgress: (progress) => {
      if (progress.stage === 'training') onProgress?.(`epoch ${progress.epoch}/${progress.epochs}`);
    },
  });
  signal?.throwIfAborted();
  return out;
}
