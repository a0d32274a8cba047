// One device and precision, in a process of its own that compare.js starts: a driver that fails takes nothing else
// along.

import { traceDetector } from '../../dist/learning/training/export-detector.js';
import { openBundle } from '../../dist/method/bundle/read.js';
import { halfDetector } from '../../dist/method/detector/half-detector.js';
import { halfPrecision } from '../../dist/method/engine/onnx/half-precision.js';
import { DetectorSession } from '../../dist/method/engine/onnx/session.js';
import { foldBatchNorm, initialiseStudent } from '../../dist/method/model/parameters.js';

/** Batches that warm a device up: it compiles kernels and takes memory for the first ones of a size. */
const WARM_UP = 2;
const FEWEST_RUNS = 3;

process.once('message', (job) => {
  void measure(job)
    .catch((error) => ({ failed: error.message }))
    .then((result) => process.send(result, () => process.exit()));
});

async function measure({ model, size: wanted, device, precision, batches, seconds }) {
  const { detector, size } = model ? await fromBundle(model, precision) : await random(wanted, precision);
  const begin = performance.now();
  const session = await DetectorSession.load(detector, { device });
  const loadSeconds = (performance.now() - begin) / 1000;
  const results = [];
  for (const batch of batches) {
    const frames = pictures(batch, size);
    let scores;
    for (let i = 0; i < WARM_UP; i++) ({ scores } = await session.run(frames, batch));
    const times = [];
    const end = performance.now() + 1000 * seconds;
    while (times.length < FEWEST_RUNS || performance.now() < end) {
      const start = performance.now();
      await session.run(frames, batch);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    const median = times[times.length >> 1];
    results.push({
      batch,
      runs: times.length,
      milliseconds: median,
      slowest: times.at(-1),
      imagesPerSecond: (1000 * batch) / median,
      scores: [...scores],
    });
  }
  return { loadSeconds, size, results };
}

async function fromBundle(model, precision) {
  const bundle = await openBundle(model, 'fp32');
  const detector = precision === 'fp16' ? await halfDetector(bundle) : bundle.detectorPath;
  return { detector, size: bundle.manifest.preprocessing.size };
}

/** A detector of random weights is as fast as a trained one. */
async function random(size, precision) {
  const [teacher, student] = [1, 2].map((seed) => foldBatchNorm(initialiseStudent(seed)));
  const normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  const map = { combine: 'geometric-mean', size, blur: 4 };
  const graph = await traceDetector({ teacher, student }, { size, normalisation, map, maxBatch: 8 });
  const detector = (precision === 'fp16' ? halfPrecision(graph) : graph).encode({ symbolicBatch: true });
  return { detector, size };
}

/** The same everywhere: stripes of another width in each picture, with some noise. */
function pictures(count, [height, width]) {
  const bytes = new Uint8Array(count * height * width * 3);
  let state = 1;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const pixel = Math.floor(i / 3);
    const picture = Math.floor(pixel / (height * width));
    const stripe = Math.floor(((pixel % width) * (picture + 2)) / width) % 2;
    bytes[i] = 60 + 100 * stripe + (state >>> 26);
  }
  return bytes;
}
