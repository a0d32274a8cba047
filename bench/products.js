// How good the recipes are on every dataset in a folder: docs/results.md is made from this.
//   node bench/products.js DIR --out FOLDER [--teacher FILE] [--seeds 3] [--recipes kdad,memory] [--only bottle,screw]
//     [--robustness] [--spoiled] [--size 640x256] [--tiles 3x4 [--overlap 10%]]
// Trains what is not there yet, so that it may be stopped and called again. Writes results.json and results.md to
// FOLDER; the table also goes to standard output. --robustness also judges the test images under other light, blur,
// noise, shift and compression. --spoiled replaces one in fifty of the good images to learn from by a defective one,
// and says how many of these the training names.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { oddImages } from '../dist/learning/calibration/odd-images.js';
import { findDataset } from '../dist/learning/dataset/dataset.js';
import { evaluateJudged } from '../dist/learning/evaluation/evaluate.js';
import { judgeTests } from '../dist/learning/evaluation/judge-tests.js';
import { resolveTeacher } from '../dist/learning/teacher/store.js';
import { recipes } from '../dist/learning/training/recipes.js';
import { train } from '../dist/learning/training/train.js';
import { openBundle } from '../dist/method/bundle/read.js';
import { openDetector } from '../dist/method/detector/open-detector.js';
import { OnnxEngine } from '../dist/method/engine/onnx/onnx-engine.js';
import { binomialInterval } from '../dist/method/metrics/interval.js';
import { frameSize, percentage, tileCounts } from '../dist/tools/commands/numbers.js';
import { disturbances, judgeDisturbed } from './products/disturb.js';
import { spoil } from './products/spoil.js';
import { table } from './products/table.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    teacher: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    recipes: { type: 'string', default: 'kdad,memory' },
    only: { type: 'string' },
    robustness: { type: 'boolean', default: false },
    spoiled: { type: 'boolean', default: false },
    size: { type: 'string' },
    tiles: { type: 'string' },
    overlap: { type: 'string', default: '10%' },
  },
});
const [root] = positionals;
if (root === undefined || values.out === undefined) {
  console.error('usage: node bench/products.js DIR --out FOLDER [options]; the file says which');
  process.exit(2);
}

const wanted = values.only?.split(',');
const products = (await readdir(root, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() && (wanted?.includes(entry.name) ?? true))
  .map(({ name }) => name)
  .sort();
const size = values.size && frameSize(values.size);
const tiles = values.tiles && { ...tileCounts(values.tiles), overlap: percentage(values.overlap) };
const shape = [
  ...(values.spoiled ? ['spoiled'] : []),
  ...(size ? [values.size] : []),
  ...(tiles ? [`${values.tiles} tiles, ${values.overlap}`] : []),
];
const teacher = await resolveTeacher(values.teacher);
await mkdir(values.out, { recursive: true });

const rows = [];
for (const product of products) {
  for (const recipe of values.recipes.split(',')) {
    for (let seed = 0; seed < Number(values.seeds); seed++) rows.push(await measured(product, recipe, seed));
    await writeFile(join(values.out, 'results.json'), `${JSON.stringify(rows, null, 2)}\n`);
    await writeFile(join(values.out, 'results.md'), table(rows));
  }
}
console.log(table(rows));

/** One training and its evaluation in both precisions; from the file of an earlier call, where there is one. */
async function measured(product, recipe, seed) {
  const label = [recipe, ...shape].join(', ');
  const out = join(values.out, [product, label, seed].join('-').replace(/[, %]+/g, '-'));
  const file = `${out}.json`;
  const known = existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : { product, recipe: label, seed };
  const spoiled = values.spoiled && `${out}.data`;
  const data = spoiled || join(root, product);
  if (known.trainingSeconds === undefined) {
    if (spoiled) known.spoiled = await spoil(join(root, product), spoiled, seed);
    known.trainingSeconds = await trained(data, recipe, seed, out);
  }
  if (spoiled) known.named ??= await named(out);
  const dataset = await findDataset(data);
  for (const precision of ['fp32', 'int8']) known[precision] ??= await evaluated(out, dataset, precision);
  if (values.robustness) known.robustness ??= await robustness(out, dataset);
  await writeFile(file, `${JSON.stringify(known)}\n`);
  console.error(`${out}: ${known.fp32.imageAuroc?.toFixed(4)}, trained in ${known.trainingSeconds} s`);
  return known;
}

async function trained(data, recipe, seed, out) {
  const begin = performance.now();
  const options = { data, teacher, out, recipe: recipes[recipe], seed, size, tiles, resume: existsSync(out) };
  await train({ ...options, engine: new OnnxEngine() });
  return Math.round((performance.now() - begin) / 100) / 10;
}

/** The images that may not be good, as the training says. */
async function named(out) {
  const { calibration } = await openBundle(out, 'fp32');
  return oddImages(calibration.scores).map(({ image }) => image);
}

async function evaluated(out, dataset, precision) {
  const bundle = await openBundle(out, precision);
  const judged = evaluateJudged(await judgeTests(bundle, dataset), bundle.threshold);
  const { imageAuroc, pixelAuroc, pro, confusion } = judged;
  const share = (count, total) => ({ count, total, ...binomialInterval(count, total) });
  return {
    ...{ imageAuroc, pixelAuroc, pro },
    caught: share(confusion.truePositives, confusion.truePositives + confusion.falseNegatives),
    falseAlarms: share(confusion.falsePositives, confusion.falsePositives + confusion.trueNegatives),
    milliseconds: await latency(bundle),
  };
}

/** Milliseconds an image at batch 1, the median of several runs. */
async function latency(bundle) {
  const [height, width] = bundle.manifest.preprocessing.size;
  const frame = new Uint8Array(height * width * 3).map((_, i) => (i * 31) % 256);
  const detector = await openDetector(bundle);
  const times = [];
  for (let run = 0; run < 25; run++) {
    const begin = performance.now();
    await detector.run(frame, 1);
    if (run >= 5) times.push(performance.now() - begin);
  }
  await detector.dispose();
  return Math.round(times.sort((a, b) => a - b)[Math.floor(times.length / 2)] * 100) / 100;
}

async function robustness(out, dataset) {
  const bundle = await openBundle(out, 'fp32');
  const results = {};
  for (const name of Object.keys(disturbances)) results[name] = await judgeDisturbed(bundle, dataset, name);
  return results;
}
