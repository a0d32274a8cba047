import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../fixtures/folder.js';
import { tinyBundle } from '../fixtures/tiny-bundle.js';

const bench = (path: string) => fileURLToPath(new URL(`../../bench/${path}`, import.meta.url));
const { ratiosOf, batchesOf } = await import(bench('compare/ratios.js'));
const { withTable } = await import(bench('compare/page.js'));
const run = promisify(execFile);

/**
 * What the two programs printed in three turns, as they print it; kdad-edge in as many parts of PyTorch's time as
 * `ratio`.
 */
const pairs = [0.5, 0.8, 0.6].map((ratio, i) => {
  const drift = 1 + i / 10;
  const times = (parts: number) => ({
    1: 40 * drift * ratio * parts,
    2: 35 * drift * ratio * parts,
    4: 32 * drift * ratio * parts,
    8: 30 * drift * ratio * parts,
  });
  return {
    own: {
      machine: {
        processor: 'A Processor',
        cores: 2,
        memory: 8e9,
        node: 'v20.20.2',
        onnxruntime: '1.30.0',
        kdadEdge: '0.1.0',
        busyCores: i / 10,
      },
      inferenceMs: { fp32: times(1), int8: times(0.5) },
      trainingMs: { 4: 60 * drift * ratio, 16: 50 * drift * ratio },
    },
    reference: {
      torch: '2.13.0+cpu',
      threads: 2,
      infer_ms_channels_last_b1: 40 * drift,
      infer_ms_channels_last_b4: 31 * drift,
      infer_ms_channels_last_b8: 30 * drift,
      infer_ms_default_b1: 80 * drift,
      infer_ms_default_b4: 62 * drift,
      infer_ms_default_b8: 60 * drift,
      train_ms_channels_last_b4: 60 * drift,
      train_ms_channels_last_b16: 50 * drift,
      train_ms_default_b4: 120 * drift,
      train_ms_default_b16: 100 * drift,
    },
  };
});

describe('the comparison of pairs', () => {
  it('takes the ratio of each pair, so that a machine that slows down between pairs changes none', () => {
    const rows = ratiosOf(pairs);
    expect(rows.map(({ what }: { what: string }) => what)).toEqual([
      'inference, fp32, batch 1',
      'inference, fp32, batch 8',
      'inference, int8, batch 1',
      'inference, int8, batch 8',
      'a step of training, batch 4',
      'a step of training, batch 16',
    ]);
    for (const { what, channelsLast, usual } of rows) {
      const parts = what.includes('int8') ? 0.5 : 1;
      expect(channelsLast.ratio).toBeCloseTo(0.6 * parts);
      expect([channelsLast.least, channelsLast.most]).toEqual([
        expect.closeTo(0.5 * parts),
        expect.closeTo(0.8 * parts),
      ]);
      expect(usual.ratio).toBeCloseTo(0.3 * parts);
    }
    expect(rows[0].channelsLast.milliseconds).toBeCloseTo(44);
    expect(rows[0].milliseconds).toBeCloseTo(28.8);
  });

  it('has each batch that was measured, with PyTorch where it was', () => {
    const batches = batchesOf(pairs);
    expect(batches.map(({ batch }: { batch: string }) => batch)).toEqual(['1', '2', '4', '8']);
    expect(batches[1].reference).toBeUndefined();
    expect(batches[2].reference).toBeCloseTo(31 * 1.1);
  });
});

describe('the page', () => {
  it('gets each table between its markers, and keeps what people wrote around them', async () => {
    const scaling = {
      resolution: [{ size: 128, operations: 1.755e9, milliseconds: { fp32: { 1: 6, 8: 5 }, int8: { 1: 3, 8: 2 } } }],
      cameras: [
        {
          cameras: 4,
          judged: 280,
          dropped: 1,
          latencyMs: { p50: 41, p95: 60, p99: 77.4 },
          cores: { daemon: 0.05, inference: 1.07, ffmpeg: 0.13, total: 1.25 },
          memory: { total: 425e6 },
        },
      ],
    };
    const files = pairs.flatMap(({ own, reference }, i) => [
      [`kdad-edge-${i + 1}.json`, JSON.stringify(own)],
      [`reference-${i + 1}.json`, JSON.stringify(reference)],
    ]);
    const page = await readFile(fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url)), 'utf8');
    const folder = await folderWith({
      ...Object.fromEntries(files),
      'auroc-kdad-edge.jsonl': '{"seed":0,"seconds":69.96,"imageAuroc":0.99841,"pixelAuroc":0.9851}\n',
      'auroc-reference.jsonl': '{"train_s":139.9,"image_auroc":1.0,"pixel_auroc":0.986}\n',
      'scaling.json': JSON.stringify(scaling),
      'latency-one.txt': '1 camera(s), 1920x1080\n',
      'latency-four.txt': '4 camera(s), 1280x720\n',
      'bench.txt': 'Machine    A Processor\n',
      'page.md': page,
    });
    const write = () => run(process.execPath, [bench('compare/write.js'), folder, join(folder, 'page.md')]);
    await write();
    const written = await readFile(join(folder, 'page.md'), 'utf8');
    const lines = written.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^3 pairs on \d{4}-\d\d-\d\d: A Processor, 2 cores, 8\.0 GB;$/),
        'kdad-edge 0.1.0, Node 20.20.2, onnxruntime 1.30.0; PyTorch 2.13.0+cpu, 2 threads.',
        '| inference, fp32, batch 1 | 28.8 | 44.0 | **0.60 (0.50 to 0.80)** | 88.0 | 0.30 (0.25 to 0.40) | at most 1.0 |',
        '| inference, int8, batch 8 | 10.8 | 33.0 | **0.30 (0.25 to 0.40)** | 66.0 | 0.15 (0.13 to 0.20) | at most 0.4 |',
        '| 0 | 70 s | 0.9984 | 0.9851 | 140 s | 1.0000 | 0.9860 | **0.50** |',
        '| 128 x 128 | 1.75 | 6.0 | 293 | 5.0 | 3.0 | 2.0 | 878 |',
        '| 4 | 280 | 1 | 41 ms | 60 ms | 77 ms | 1.25 | 1.07 | 0.13 | 0.05 | 425 MB |',
        '1 camera(s), 1920x1080',
        '4 camera(s), 1280x720',
        'Machine    A Processor',
      ]),
    );
    expect(written).not.toContain('Not measured yet');
    const prose = (text: string) => text.replaceAll(/(?<=: begin -->)[\s\S]*?(?=<!-- \w+: end)/g, '');
    expect(prose(written)).toBe(prose(page));
    await write();
    expect(await readFile(join(folder, 'page.md'), 'utf8')).toBe(written);
  });

  it('says which markers are missing', () => {
    expect(() => withTable('<!-- ratios: end --><!-- ratios: begin -->', 'ratios', '')).toThrow(
      'the page has no lines "<!-- ratios: begin -->" and "<!-- ratios: end -->"',
    );
  });
});

describe('bench/compare.sh', () => {
  const compare = (environment: NodeJS.ProcessEnv, ...args: string[]) => {
    const { status, stderr } = spawnSync(bench('compare.sh'), args, {
      encoding: 'utf8',
      env: { ...process.env, ...environment },
    });
    return { status, stderr };
  };

  it('says what to install where there is no PyTorch', () => {
    const { status, stderr } = compare({ KDAD_REFERENCE: bench('compare.sh'), KDAD_PYTHON: '/none/python' });
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /^bench\/compare\.sh: \/none\/python has no torch to compare with\. Install it.*\n.*pip install torch==/,
    );
  });

  it('names the program in PyTorch that is missing, and how to name another', () => {
    const { status, stderr } = compare({ KDAD_REFERENCE: '/none/reference.py' });
    expect([status, stderr]).toEqual([
      4,
      'bench/compare.sh: /none/reference.py is missing: name the program in PyTorch with KDAD_REFERENCE\n',
    ]);
  });

  it('takes nothing but a number of pairs', () => {
    expect(compare({}, 'many')).toEqual({ status: 4, stderr: expect.stringContaining('expected a number of pairs') });
  });
});

it('bench/scaling.js measures the same weights at other sizes, and the daemon with more cameras', async () => {
  const { bundle } = await tinyBundle();
  const options = ['--model', bundle, '--sizes', '32,64', '--cameras', '2', '--seconds', '1'];
  const { stdout } = await run(process.execPath, [bench('scaling.js'), ...options]);
  const { resolution, cameras } = JSON.parse(stdout);
  const [small, large] = resolution;
  expect(large.operations).toBe(4 * small.operations);
  for (const { milliseconds } of resolution) {
    expect(milliseconds).toEqual({
      fp32: { 1: expect.any(Number), 8: expect.any(Number) },
      int8: { 1: expect.any(Number), 8: expect.any(Number) },
    });
  }
  expect(cameras).toEqual([expect.objectContaining({ cameras: 2, fps: 10, judged: expect.any(Number) })]);
});
