import { describe, expect, it } from 'vitest';
import type { Benchmark } from '../../../src/tools/benchmark/benchmark.js';
import { benchmarkText } from '../../../src/tools/benchmark/benchmark-text.js';
import type { LineRun } from '../../../src/tools/benchmark/line.js';

const run = (cameras: number, fps: number): LineRun => ({
  cameras,
  fps,
  sustained: true,
  judged: 70,
  dropped: 0,
  latencyMs: { p50: 41, p95: 1052.4, p99: 1100 },
  firstVerdictMs: 11_940,
  cores: { daemon: 0.1, inference: 1.2, ffmpeg: 0.3, total: 1.6 },
  memory: { daemon: 1e8, inference: 2e8, ffmpeg: 3e7, total: 1.33e9 },
});

const everything: Benchmark = {
  machine: {
    processor: 'Some Processor With A Long Name @ 2.00GHz',
    cores: 2,
    allCores: 4,
    allowedCores: 4,
    quota: 1.5,
    threads: 2,
    memory: 8e9,
    multipliesBytes: true,
    node: 'v20.11.0',
    onnxruntime: '1.30.0',
    kdadEdge: '0.1.0',
    load: 0.5,
    busyCores: 0.02,
  },
  model: { path: null, size: [256, 256], auto: 'int8' },
  loadMs: { fp32: 1210, int8: 980 },
  inferenceMs: { fp32: { 1: 130.25, 8: 120 }, int8: { 1: 40, 8: 30 } },
  threads: {
    precision: 'int8',
    milliseconds: { 1: 40, 2: 39 },
    warning: '2 threads are 1.0 times as fast as one: inspection.threads: 1 is as good',
  },
  trainingMs: { 4: 161.9, 16: 140 },
  trainingMemory: { 4: 6e8, 16: 1.5e9 },
  decode: { codec: 'h264', framesPerSecond: { none: { 720: 410.4, 1080: 190 } }, unusable: { vaapi: 'no device' } },
  line: { codec: 'h264', oneCamera: { 720: run(1, 10) }, sustained: { 10: 4, 25: 0 }, tries: [run(4, 10)] },
  roofline: {
    peak: { fp32: 315, int8: 1100 },
    operations: 7.02,
    reached: { fp32: { batch: 8, rate: 58.5, share: 0.186 } },
  },
};

describe('the result as text', () => {
  it('has every part, in a hundred columns', () => {
    const lines = benchmarkText(everything).split('\n');
    const parts = lines.flatMap((line) => /^\S+/.exec(line)?.[0] ?? []);
    expect(parts).toEqual(['Machine', 'Model', 'Inference', 'Threads', 'Training', 'Decoding', 'Line', 'Roofline']);
    expect(lines[0]).toContain(', 2 of 4 cores (a quota of 1.5), 8.0 GB');
    expect(lines).toContain('           2 threads      39.0 ms   1.0 times as fast as one');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines).toContain(
      '           4 cameras of 720p at 10 frames a second with every frame judged, p95 1052 ms, 1.60 cores',
    );
    expect(lines).toContain('           not even one camera of 720p at 25 frames a second with every frame judged');
  });

  it('leaves out what was not measured', () => {
    const { machine, model } = everything;
    expect(benchmarkText({ machine, model: { ...model, auto: null } })).toMatch(
      /^Machine.*\n.*Node 20\.11\.0, onnxruntime 1\.30\.0 in 2 threads$/,
    );
  });

  it('warns of a machine that does something else', () => {
    const busy = { ...everything, machine: { ...everything.machine, busyCores: 1.3 } };
    expect(benchmarkText(busy)).toContain('NOT QUIET: other programs keep 1.3 cores busy');
    expect(benchmarkText(everything)).not.toContain('NOT QUIET');
  });
});
