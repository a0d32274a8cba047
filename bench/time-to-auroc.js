// How long the default training takes, and how well its student tells then, by the reference's own measure: image and
// pixel AUROC of the product of the three layers at the size of the input. node bench/time-to-auroc.js --data DATASET
// --teacher FILE [--seeds 0,1,2] One JSON line a seed. The seconds are those of all of `kdad-edge train`: reading the
// images, validation, threshold and int8 included.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findDataset } from '../dist/learning/dataset/dataset.js';
import { evaluate } from '../dist/learning/evaluation/evaluate.js';
import { resolveTeacher } from '../dist/learning/teacher/store.js';
import { recipes } from '../dist/learning/training/recipes.js';
import { train } from '../dist/learning/training/train.js';
import { openBundle } from '../dist/method/bundle/read.js';
import { OnnxEngine } from '../dist/method/engine/onnx/onnx-engine.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    teacher: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2' },
  },
});
// The geometric mean ranks as the product does.
const map = { combine: 'geometric-mean', downscale: 1, blur: 0 };
const recipe = { ...recipes.kdad, map };
const folder = await mkdtemp(join(tmpdir(), 'kdad-edge-auroc-'));
try {
  for (const seed of values.seeds.split(',').map(Number)) {
    const out = join(folder, `seed-${seed}`);
    const teacher = await resolveTeacher(values.teacher);
    const begin = performance.now();
    await train({ data: values.data, teacher, out, recipe, seed, engine: new OnnxEngine() });
    const seconds = (performance.now() - begin) / 1000;
    const { imageAuroc, pixelAuroc } = await evaluate(await openBundle(out, 'fp32'), await findDataset(values.data));
    console.log(JSON.stringify({ seed, seconds, imageAuroc, pixelAuroc }));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
