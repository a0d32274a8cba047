// Trains a recipe with several seeds and says how well each detects: docs/results.md is made from this.
//   node bench/accuracy.js --data DATASET | --product NAME [--good N]   --out FOLDER
//     [--seeds 0,1,2] [--teacher FILE] [--set '{"leastSteps":200}']    changes keys of the default recipe
//     [--precision int8]   instead of fp32
//     [--maps]     judges with other anomaly maps and blurs, too, from the same students
// What is there already is not made again. One JSON object a line goes to standard output.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calibrationOf } from '../dist/learning/calibration/calibration.js';
import { findDataset } from '../dist/learning/dataset/dataset.js';
import { evaluate } from '../dist/learning/evaluation/evaluate.js';
import { judgeTests } from '../dist/learning/evaluation/judge-tests.js';
import { resolveTeacher } from '../dist/learning/teacher/store.js';
import { exportDetector } from '../dist/learning/training/export-detector.js';
import { mapOptionsOf, recipes } from '../dist/learning/training/recipes.js';
import { train } from '../dist/learning/training/train.js';
import { openBundle } from '../dist/method/bundle/read.js';
import { OnnxEngine } from '../dist/method/engine/onnx/onnx-engine.js';
import { foldBatchNorm } from '../dist/method/model/parameters.js';
import { readSafetensors } from '../dist/method/weights/safetensors.js';
import { writeDataset } from '../dist/tools/demo/dataset.js';
import { products } from '../dist/tools/demo/products/index.js';

/** Other maps for the ablation, as changes to the recipe's. */
const variants = {
  'relative-max': {},
  'relative-mean': { combine: 'relative-mean' },
  sum: { combine: 'sum' },
  'geometric-mean': { combine: 'geometric-mean' },
  'blur 0': { blur: 0 },
  'blur 2': { blur: 0.5 },
  'blur 8': { blur: 2 },
  '256x256': { downscale: 1, blur: 4 },
};

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    product: { type: 'string' },
    good: { type: 'string', default: '50' },
    out: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2' },
    teacher: { type: 'string' },
    set: { type: 'string', default: '{}' },
    maps: { type: 'boolean', default: false },
    precision: { type: 'string', default: 'fp32' },
  },
});
const recipe = { ...recipes.kdad, ...JSON.parse(values.set) };
const data = values.data ?? (await rendered());
const dataset = await findDataset(data);
const engine = new OnnxEngine();

for (const seed of values.seeds.split(',').map(Number)) {
  const out = join(values.out, `seed-${seed}`);
  const started = Date.now();
  if (!existsSync(join(out, 'manifest.json'))) {
    await train({ data, teacher: await resolveTeacher(values.teacher), out, recipe, seed, engine });
    console.error(`${out}: trained in ${Math.round((Date.now() - started) / 1000)} s`);
  }
  const bundle = await openBundle(out, values.precision);
  const names = values.maps ? Object.keys(variants) : ['relative-max'];
  for (const name of names) {
    const file = `${out}.${values.precision}.${name.replace(' ', '-')}.json`;
    if (!existsSync(file)) {
      const judged = await evaluate(name === 'relative-max' ? bundle : await withMap(bundle, name), dataset);
      await writeFile(file, JSON.stringify(judged));
    }
    const { imageAuroc, pixelAuroc, pro, truePositiveRate, falsePositiveRate } = JSON.parse(await readFile(file));
    const line = {
      out: values.out,
      seed,
      precision: values.precision,
      map: name,
      imageAuroc,
      pixelAuroc,
      pro,
      truePositiveRate,
      falsePositiveRate,
    };
    console.log(JSON.stringify(line));
  }
}

/** The default demo counts, with as many good images as asked for; 100 good and 60 defective ones to test with. */
async function rendered() {
  const product = products[values.product];
  const good = Number(values.good);
  const root = join(values.out, '..', `data-${values.product}-${good}`);
  const kinds = Object.keys(product.kinds).length;
  if (!existsSync(root)) {
    await writeDataset(product, root, { good, testGood: 100, defective: Math.round(60 / kinds) }, 7);
  }
  return root;
}

/** The bundle's student with another anomaly map, and the threshold that the same held-out images give then. */
async function withMap({ directory, manifest }, name) {
  const weightsIn = async (file) => readSafetensors(await readFile(join(directory, file)), file).weights;
  const [teacher, student, usual] = await Promise.all(
    ['teacher', 'student', 'usual-distance'].map((part) => weightsIn(`${part}.safetensors`)),
  );
  const { preprocessing, detector, split, threshold } = manifest;
  const map = mapOptionsOf({ map: { ...manifest.recipe.map, ...variants[name] } }, preprocessing.size);
  const needed = map.combine.startsWith('relative') ? usual : {};
  const shape = { size: preprocessing.size, normalisation: preprocessing, map, maxBatch: detector.maxBatch };
  const detectorPath = join(values.out, 'variant.onnx');
  await writeFile(
    detectorPath,
    await exportDetector({ teacher, student: foldBatchNorm(student), usual: needed }, shape),
  );
  const held = { root: dataset.root, layout: 'folder', good: split.validation, tests: [] };
  const { images } = await judgeTests({ manifest, detectorPath }, held);
  const { threshold: value } = calibrationOf(images, threshold.rule, threshold.parameters);
  return { manifest, detectorPath, threshold: value };
}
