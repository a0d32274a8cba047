import { describeCores } from '../../common/processor/cores.js';
import type { Benchmark } from './benchmark.js';
import type { LineRun } from './line.js';

/** What was measured, for people: a part each, a hundred columns wide at most. */
export function benchmarkText(result: Benchmark): string {
  const parts = [machine, model, inference, threads, training, decode, line, roofline].map((part) => part(result));
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n');
}

/** Cores that others may keep busy before our times mean little. */
const QUIET = 0.15;

function machine({ machine: { processor, memory, ...rest } }: Benchmark): string[] {
  const { kdadEdge, node, onnxruntime, load, busyCores, threads } = rest;
  const { cores: usable, allCores: all, allowedCores: allowed, quota } = rest;
  const cores = describeCores({ all, allowed, quota: quota ?? undefined, usable });
  const others = busyCores ?? load;
  return [
    row('Machine', `${processor}, ${cores}, ${gigabytes(memory)}`),
    row('', `kdad-edge ${kdadEdge}, Node ${node.replace('v', '')}, onnxruntime ${onnxruntime} in ${counted(threads)}`),
    ...(others > QUIET
      ? [row('', `NOT QUIET: other programs keep ${others.toFixed(1)} cores busy, times are too long (load ${load})`)]
      : []),
  ];
}

function model({ model: { path, size, auto }, loadMs }: Benchmark): string[] {
  if (auto === null) return [];
  const opened = Object.entries(loadMs ?? {}).map(([precision, time]) => `${precision} in ${time.toFixed(0)} ms`);
  return [
    row('Model', `${path ?? 'a small one, trained for this'}, ${size.join(' x ')}; precision auto takes ${auto}`),
    ...(opened.length > 0 ? [row('', `opened: ${opened.join(', ')}`)] : []),
  ];
}

function inference({ inferenceMs }: Benchmark): string[] {
  if (!inferenceMs) return [];
  const precisions = Object.keys(inferenceMs);
  const cell = (time: number) => `${time.toFixed(1).padStart(7)} ms ${(1000 / time).toFixed(0).padStart(5)} /s`;
  const ratio = (batch: string) => {
    const { fp32, int8 } = inferenceMs as Record<string, Record<string, number>>;
    return int8 ? `   int8 takes ${(int8[batch] / fp32[batch]).toFixed(2)} of fp32` : '';
  };
  return [
    row('Inference', `an image       ${precisions.map((name) => name.padEnd(19)).join('')}`.trimEnd()),
    ...Object.keys(inferenceMs.fp32).map((batch) => {
      const cells = precisions.map((precision) => cell(inferenceMs[precision][Number(batch)]));
      return row('', `batch ${batch.padEnd(3)} ${cells.join('  ')}${ratio(batch)}`);
    }),
  ];
}

function threads({ threads: scaling }: Benchmark): string[] {
  if (!scaling) return [];
  const { precision, milliseconds, warning } = scaling;
  return [
    row('Threads', `an image of a batch of one, ${precision}`),
    ...Object.entries(milliseconds).map(([count, time]) => {
      const speed = (milliseconds[1] / time).toFixed(1);
      const compared = count === '1' ? '' : `   ${speed} times as fast as one`;
      return row('', `${counted(Number(count)).padEnd(12)}${time.toFixed(1).padStart(7)} ms${compared}`);
    }),
    ...(warning === null ? [] : [row('', `SCALES BADLY: ${warning}`)]),
  ];
}

function training({ trainingMs, trainingMemory }: Benchmark): string[] {
  if (!trainingMs) return [];
  return [
    row('Training', "a step, the teacher's features kept, and the memory that it takes at most"),
    ...Object.entries(trainingMs).map(([batch, time]) => {
      const memory = trainingMemory?.[Number(batch)];
      const cell = `${time.toFixed(1).padStart(7)} ms an image ${(1000 / time).toFixed(0).padStart(5)} /s`;
      return row('', `batch ${batch.padEnd(3)} ${cell}${memory ? `   ${megabytes(memory)}` : ''}`);
    }),
  ];
}

function decode({ decode: measured, model: { size } }: Benchmark): string[] {
  if (!measured) return [];
  const { codec, framesPerSecond, unusable } = measured;
  const name = (decoder: string) => (decoder === 'none' ? 'processor' : decoder);
  const heights = Object.keys(framesPerSecond.none);
  return [
    row('Decoding', `frames a second, ${CODEC[codec]} to ${size.join(' x ')}`),
    row('', ''.padEnd(16) + heights.map((height) => `${height}p`.padStart(8)).join('')),
    ...Object.entries(framesPerSecond).map(([decoder, rates]) => {
      const cells = heights.map((height) => rates[Number(height)].toFixed(0).padStart(8));
      return row('', name(decoder).padEnd(16) + cells.join(''));
    }),
    ...(Object.keys(unusable).length > 0 ? [row('', `not here: ${Object.keys(unusable).join(', ')}`)] : []),
    ...(codec === 'mjpeg' ? [row('', 'this ffmpeg has no encoder for H.264, so decoding H.264 was not measured')] : []),
  ];
}

const CODEC = { h264: 'H.264', mjpeg: 'Motion JPEG' };

function line({ line: measured }: Benchmark): string[] {
  if (!measured) return [];
  const { codec, oneCamera, sustained, tries } = measured;
  const runs = Object.entries(oneCamera);
  return [
    row('Line', `the daemon, one ${CODEC[codec]} camera at 10 frames a second`),
    row('', `${''.padEnd(7)}latency p50    p95    p99    first verdict   cores   memory`),
    ...runs.map(([height, run]) => row('', `${`${height}p`.padEnd(7)}${oneLine(run)}`)),
    ...runs.filter(([, run]) => !run.sustained).map(([height]) => row('', `${height}p: not every frame was judged`)),
    ...Object.entries(sustained ?? {}).map(([fps, cameras]) => {
      const best = tries.findLast((run) => run.fps === Number(fps) && run.cameras === cameras);
      const how = best ? `, p95 ${milliseconds(best.latencyMs.p95)}, ${best.cores.total.toFixed(2)} cores` : '';
      const most = ['not even one camera', 'one camera'][cameras] ?? `${cameras} cameras`;
      return row('', `${most} of 720p at ${fps} frames a second with every frame judged${how}`);
    }),
  ];
}

function oneLine({ latencyMs: { p50, p95, p99 }, firstVerdictMs, cores, memory }: LineRun): string {
  const times = [p50, p95, p99].map((time, i) => milliseconds(time).padStart([11, 7, 7][i])).join('');
  const share = cores.total.toFixed(2).padStart(8);
  return `${times}${`${(firstVerdictMs / 1000).toFixed(1)} s`.padStart(17)}${share}${megabytes(memory.total).padStart(9)}`;
}

function roofline({ roofline: measured }: Benchmark): string[] {
  if (!measured) return [];
  const { peak, operations, reached } = measured;
  return [
    row('Roofline', `${operations.toFixed(2)} billion operations an image; a second, in billions`),
    ...Object.entries(peak).map(([precision, rate]) => {
      const own = reached[precision];
      const how = own
        ? `detector ${own.rate.toFixed(0).padStart(5)} at batch ${own.batch}, ${(100 * own.share).toFixed(0)} %`
        : '';
      return row('', `${precision.padEnd(6)}one large convolution ${rate.toFixed(0).padStart(5)}   ${how}`.trimEnd());
    }),
  ];
}

const row = (name: string, text: string): string => `${name.padEnd(11)}${text}`.trimEnd();
const counted = (threads: number): string => `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
const milliseconds = (time: number): string => `${time.toFixed(0)} ms`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
