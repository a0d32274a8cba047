// Every device that can be used here against the processor: scores, milliseconds a batch, images a second. Needs Node
// and this package, built:
//   node bench/gpu/compare.js [--model BUNDLE | --size 256] [--devices cpu,cuda,tensorrt,webgpu] [--precisions
//   fp32,fp16] [--batches 1,8,32]
//     [--seconds 3] [--json FILE]
// The exit code is 1 when a device that can be used scores otherwise than the processor. docs/hardware.md is glad of
// what it prints.
import { execFileSync, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { runtimeVersion } from '../../dist/method/engine/onnx/runtime.js';

/** How far scores may be from the processor's in fp32, relative to them. */
const TOLERANCE = { fp32: 1e-3, fp16: 1e-2 };

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    size: { type: 'string', default: '256' },
    devices: { type: 'string', default: 'cpu,cuda,tensorrt,webgpu' },
    precisions: { type: 'string', default: 'fp32,fp16' },
    batches: { type: 'string', default: '1,8,32' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});
const side = Number(values.size);
const job = {
  model: values.model,
  size: [side, side],
  batches: values.batches.split(',').map(Number),
  seconds: Number(values.seconds),
};

const machine = {
  date: new Date().toISOString().slice(0, 10),
  processor: `${cpus()[0]?.model ?? process.arch}, ${cpus().length} threads`,
  gpus: gpus(),
  node: process.version,
  onnxruntime: runtimeVersion,
  vulkanDrivers: process.env.VK_DRIVER_FILES ?? null,
};
console.log(JSON.stringify(machine));

const reference = await measure({ ...job, device: 'cpu', precision: 'fp32' });
if (reference.failed) throw new Error(`the processor itself fails: ${reference.failed}`);
const measured = [];
for (const device of values.devices.split(',')) {
  for (const precision of values.precisions.split(',')) {
    const isReference = device === 'cpu' && precision === 'fp32';
    const result = isReference ? reference : await measure({ ...job, device, precision });
    measured.push({ device, precision, ...(result.failed ? result : compared(result, precision)) });
  }
}
console.log(table(measured));
if (values.json) {
  const { model, size, ...settings } = job;
  const detector = model ?? 'random weights';
  writeFileSync(
    values.json,
    `${JSON.stringify({ machine, detector, size: reference.size ?? size, ...settings, measured }, null, 2)}\n`,
  );
}
process.exitCode = measured.some(({ results }) => results?.some(({ agrees }) => !agrees)) ? 1 : 0;

function measure(options) {
  return new Promise((resolve) => {
    const child = fork(new URL('./measure.js', import.meta.url));
    child.once('message', resolve);
    // After a message this comes too late to matter.
    child.once('exit', (code, signal) => resolve({ failed: `the process ended (${signal ?? `exit code ${code}`})` }));
    child.send(options);
  });
}

/** With each batch's scores held against the processor's, which are left out then. */
function compared({ loadSeconds, results }, precision) {
  const against = results.map(({ scores, ...result }, i) => {
    const expected = reference.results[i].scores;
    const difference = Math.max(...scores.map((score, k) => Math.abs(score - expected[k]) / expected[k]));
    const speedUp = reference.results[i].milliseconds / result.milliseconds;
    return { ...result, speedUp, scoreDifference: difference, agrees: difference <= TOLERANCE[precision] };
  });
  return { loadSeconds, results: against };
}

function gpus() {
  try {
    const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
    return execFileSync('nvidia-smi', query, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n');
  } catch {
    return [];
  }
}

function table(rows) {
  const lines = [['device', 'numbers', 'batch', 'ms', 'images/s', 'speed-up', 'score difference']];
  for (const { device, precision, failed, results } of rows) {
    if (failed) lines.push([device, precision, failed]);
    for (const { batch, milliseconds, imagesPerSecond, speedUp, scoreDifference, agrees } of results ?? []) {
      const difference = `${scoreDifference.toExponential(1)}${agrees ? '' : ' TOO MUCH'}`;
      const numbers = [milliseconds.toFixed(1), imagesPerSecond.toFixed(1), speedUp.toFixed(2), difference];
      lines.push([device, precision, String(batch), ...numbers]);
    }
  }
  const widths = [8, 7, 5, 9, 8, 8];
  return lines
    .map((cells) => cells.map((cell, i) => cell.padEnd(cells.length > 3 ? (widths[i] ?? 0) : 8)).join('  '))
    .join('\n');
}
