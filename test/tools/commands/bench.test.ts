import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { kdadEdge, main } from '../../fixtures/command-line.js';
import { alive, descendants, until } from '../../fixtures/daemon.js';
import { folderWith } from '../../fixtures/folder.js';
import { type TinyBundle, tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: TinyBundle;

beforeAll(async () => {
  tiny = await tinyBundle();
});

describe('kdad-edge bench', () => {
  it('measures all there is, and prints one JSON document', async () => {
    const { code, stdout, stderr } = await kdadEdge('bench', '--quick', '--json', '--model', tiny.bundle);
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout);
    const positive = expect.toSatisfy((value) => Number.isFinite(value) && value > 0);
    const byBatch = { 1: positive, 2: positive, 4: positive, 8: positive };
    expect(result).toMatchObject({
      machine: {
        processor: expect.any(String),
        cores: positive,
        threads: positive,
        node: process.version,
        kdadEdge: expect.any(String),
      },
      model: { path: tiny.bundle, size: [64, 64], auto: expect.stringMatching(/^(fp32|int8)$/) },
      loadMs: { fp32: positive, int8: positive },
      inferenceMs: { fp32: byBatch, int8: byBatch },
      threads: { milliseconds: { 1: positive } },
      trainingMs: { 4: positive, 16: positive },
      trainingMemory: { 4: positive, 16: positive },
      decode: { framesPerSecond: { none: { 720: positive, 1080: positive } } },
      roofline: {
        peak: { fp32: positive, int8: positive },
        operations: positive,
        reached: { fp32: { share: positive } },
      },
    });
    const { oneCamera, sustained } = result.line;
    expect(oneCamera[720]).toMatchObject({
      judged: positive,
      latencyMs: { p50: positive, p95: positive, p99: positive },
      firstVerdictMs: positive,
      cores: { inference: positive, ffmpeg: positive },
      memory: { daemon: positive, inference: positive, ffmpeg: positive },
    });
    const { daemon, inference, ffmpeg, total } = oneCamera[720].memory;
    expect(total).toBe(daemon + inference + ffmpeg);
    expect(sustained).toBeNull();
  });

  it('measures only the parts that are asked for', async () => {
    const { code, stdout } = await kdadEdge('bench', '--quick', '--only', 'load,inference', '--model', tiny.bundle);
    expect(code).toBe(0);
    expect(stdout.match(/^\S+/gm)).toEqual(['Machine', 'Model', 'Inference']);
  });

  it('says where there is no model, before anything else', async () => {
    const { code, stdout, stderr } = await kdadEdge('bench', '--model', '/none');
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^kdad-edge: \/none: no bundle here \(no manifest\.json\)\n.*\[BUNDLE_MISSING\]$/m);
  });

  it('names a part that there is not', async () => {
    const { code, stderr } = await kdadEdge('bench', '--only', 'inference,speed');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/"speed": expected some of load, inference, threads, training, decode, line, roofline/);
  });

  it.each([
    ['line', 'main.js run'],
    ['training', 'training-main'],
  ])('leaves nothing behind when Ctrl-C ends it at the part %s', async (part, child) => {
    const folder = await folderWith();
    const bench = spawn(process.execPath, [main, 'bench', '--only', part, '--model', tiny.bundle], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void bench.kill('SIGKILL'));
    const said = text(bench.stderr);
    const found = async () => (await descendants(bench.pid as number)).find(({ command }) => command.includes(child));
    await until(
      async () => (await found()) !== undefined,
      () => `no ${child}`,
    );
    const { pid } = (await found()) as { pid: number };
    bench.kill('SIGINT');
    expect(await once(bench, 'exit')).toEqual([130, null]);
    expect(await said).toContain('INTERRUPTED');
    expect(alive(pid)).toBe(false);
    expect((await readdir(folder)).filter((name) => name.startsWith('kdad-edge'))).toEqual([]);
  });
});
