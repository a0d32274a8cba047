import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { folderWith } from '../fixtures/folder.js';

const script = fileURLToPath(new URL('../../bench/gpu/compare.js', import.meta.url));

it('compares devices on detectors of random weights, and says which cannot be used', async () => {
  const json = join(await folderWith(), 'compared.json');
  const options = ['--size', '32', '--batches', '1,2', '--seconds', '0', '--devices', 'cpu,webgpu:1', '--json', json];
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...options]);
  const { machine, measured } = JSON.parse(await readFile(json, 'utf8'));
  expect(machine).toMatchObject({ node: process.version, onnxruntime: expect.any(String) });
  const [floats, halves, ...unusable] = measured;
  expect(floats).toMatchObject({
    device: 'cpu',
    precision: 'fp32',
    results: [{ batch: 1, agrees: true }, { batch: 2 }],
  });
  expect(halves).toMatchObject({ device: 'cpu', precision: 'fp16', results: [{ agrees: true }, { agrees: true }] });
  expect(halves.results[0].scoreDifference).toBeGreaterThan(0);
  for (const { failed } of unusable) expect(failed).toMatch(/^webgpu:1: /);
  expect(stdout).toMatch(/^cpu +fp32 +2 +[\d.]+ +[\d.]+ +1\.00 +0\.0e\+0$/m);
});
