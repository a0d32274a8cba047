import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MaskingDetector } from '../../../src/line/inspection/masking-detector.js';
import { openBundle } from '../../../src/method/bundle/read.js';
import { mapSettingsOf } from '../../../src/method/detector/map-settings.js';
import { DetectorSession } from '../../../src/method/engine/onnx/session.js';
import { decodeImage } from '../../../src/method/images/image.js';
import { folderWith } from '../../fixtures/folder.js';
import { otherBundle, shapes } from '../../fixtures/other-bundle.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

const left = [
  [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ],
] as const;
const top = [
  [
    [0, 0],
    [1, 0],
    [1, 0.25],
    [0, 0.25],
  ],
] as const;

const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('a detector with areas that never count', () => {
  it.each(Object.entries(shapes))('judges by the rest: %s', async (_, shape) => {
    const { data } = await tinyBundle();
    const bundle = await openBundle(await otherBundle(join(await folderWith(), 'other'), shape));
    const frame = await decodeImage(join(data, 'test/blot/000.png'), shape);
    const session = await DetectorSession.load(bundle.detectorPath);
    const { maps, mapSize, scores } = await session.run(frame, 1);
    await session.dispose();
    const [height, width] = mapSize;
    const { background = 0 } = bundle.manifest.detector;
    expect(mapSettingsOf(bundle)).toMatchObject({ size: mapSize, scoring: { by: 'top2%-mean', background } });
    expect(background).toBeGreaterThan(0);
    const score = (counts: (x: number, y: number) => boolean) => {
      const values = maps.filter((_, i) => counts(((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / height));
      const largest = [...values].sort((a, b) => b - a).slice(0, Math.max(1, Math.round(values.length / 50)));
      return meanOf(largest) - 0.75 * Math.min(meanOf([...values]), background);
    };

    const detector = await MaskingDetector.open(bundle);
    const frames = Buffer.concat([frame, frame, frame]);
    const judged = await detector.judge({ batch: 3, frames, ignored: [null, left, top] });
    await detector.dispose();
    const expected = [scores[0], score((x) => x > 0.5), score((_, y) => y > 0.25)];
    for (const [i, one] of expected.entries()) expect(judged.scores[i]).toBeCloseTo(one, 4);
    expect(new Set(expected).size).toBeGreaterThan(1);
    for (const map of judged.maps) expect(map).toMatchObject({ size: mapSize });
    expect(judged.maps[2]?.values.subarray(0, width * Math.floor(height / 4)).every((value) => value === 0)).toBe(true);
  });

  it('refuses areas that leave nothing', async () => {
    const { bundle, data } = await tinyBundle();
    const detector = await MaskingDetector.open(await openBundle(bundle));
    const frames = await decodeImage(join(data, 'test/blot/000.png'), shapes['a map of a quarter of the size']);
    const all = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ] as const;
    await expect(detector.judge({ batch: 1, frames, ignored: [[all]] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    await detector.dispose();
  });
});
