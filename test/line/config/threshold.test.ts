import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { limitsFor } from '../../../src/learning/calibration/limits.js';
import { thresholdFor } from '../../../src/learning/calibration/threshold.js';
import { loadConfig } from '../../../src/line/config/load.js';
import type { Calibration } from '../../../src/method/bundle/calibration.js';
import { openBundle } from '../../../src/method/bundle/read.js';
import { configurationText } from '../../../src/tools/setup/configuration-text.js';
import { folderWith } from '../../fixtures/folder.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

const yaml = (threshold: string) =>
  `model: m\ncameras:\n  - name: a\n    source: { kind: folder, path: p }\n    threshold: ${threshold}\n`;

const model = (threshold: number) => ({ threshold, calibration: {} as Calibration });

async function load(text: string) {
  return loadConfig(join(await folderWith({ 'kdad-edge.yaml': text }), 'kdad-edge.yaml'), { LINE_1_PASSWORD: 'x' });
}

/** A text with the lines from `first` on to the first one that matches `last` no longer commented out. */
function uncommented(text: string, first: RegExp, last: RegExp): string {
  const lines = text.split('\n');
  const begin = lines.findIndex((line) => first.test(line));
  const end = lines.findIndex((line, i) => i >= begin && last.test(line));
  return lines.map((line, i) => (i >= begin && i <= end ? line.replace('# ', '') : line)).join('\n');
}

describe("a camera's threshold", () => {
  it('is a factor of that of its model, whatever model and precision judge', async () => {
    const { threshold } = (await load(yaml('{ factor: 1.25 }'))).cameras[0];
    expect(thresholdFor(model(0.4), threshold)).toBe(0.5);
    expect(thresholdFor(model(8), threshold)).toBe(10);
    expect(thresholdFor(model(0.4))).toBe(0.4);
  });

  it('is that for all cameras where the camera has none itself', async () => {
    const config = await load(`${yaml('{ factor: 1.25 }')}  - { name: b, source: { kind: folder, path: p } }
threshold: { falseAlarms: 0.5% }
`);
    expect(config.cameras.map((camera) => limitsFor(config, camera).threshold)).toEqual([
      { factor: 1.25 },
      { falseAlarms: 0.005 },
    ]);
  });

  it.each([
    [
      '0.8',
      /threshold: found 0\.8; expected \{ factor: 1\.1 \} or \{ falseAlarms: 0\.5% \} \(a number alone was a score/,
    ],
    ['"0.8"', /threshold: found "0\.8"; expected \{ factor: 1\.1 \}/],
    ['{ score: 0.8 }', /threshold\.score: unknown key/],
    ['{}', /threshold: found \{\}; expected one of factor and falseAlarms/],
    ['{ factor: 1.1, falseAlarms: 1% }', /threshold: found .*; expected one of factor and falseAlarms/],
    ['{ falseAlarms: 0.01 }', /threshold\.falseAlarms: found 0\.01; expected a share such as 0\.5%/],
    ['{ factor: 0 }', /threshold\.factor: found 0; expected at least 0\.1/],
    ['{ factor: 1e9 }', /threshold\.factor: found 1000000000; expected at most 10/],
  ])('is nothing else: %s', async (threshold, message) => {
    await expect(load(yaml(threshold))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('as the examples show it, calls no good part anomalous', async () => {
    const { threshold, calibration } = await openBundle((await tinyBundle()).bundle);
    const highest = Math.max(...calibration.scores.map(({ score }) => score));
    const example = await readFile(new URL('../../../config/kdad-edge.yaml', import.meta.url), 'utf8');
    const made = configurationText({ model: 'm', camera: { name: 'a', source: { kind: 'folder', path: 'p' } } });
    for (const text of [
      uncommented(example, /# - name: line-1/, /# {3}threshold/),
      uncommented(made, /# threshold/, /# threshold/),
    ]) {
      const own = (await load(text)).cameras.find((camera) => camera.threshold)?.threshold;
      expect(own).toBeDefined();
      expect(thresholdFor({ threshold, calibration }, own)).toBeGreaterThan(highest);
    }
  });
});
