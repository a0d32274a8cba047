import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/common/random.js';
import { cutPaste } from '../../../src/learning/augmentation/cut-paste.js';
import { openBundle } from '../../../src/method/bundle/read.js';
import { DetectorSession } from '../../../src/method/engine/onnx/session.js';
import { decodeImage } from '../../../src/method/images/image.js';
import { TINY, tinyBundle } from '../../fixtures/tiny-bundle.js';

describe('the detector in 8-bit integers', () => {
  it('comes with every trained bundle, tells blotted parts from good ones at its threshold, and is a third as large', async () => {
    const { bundle, data } = await tinyBundle();
    const [exact, rounded] = [await openBundle(bundle, 'fp32'), await openBundle(bundle, 'int8')];
    const session = await DetectorSession.load(rounded.detectorPath);
    const score = async (image: string) =>
      (await session.run(await decodeImage(join(data, image), { size: [TINY, TINY] }), 1)).scores[0];
    for (let i = 0; i < 6; i++) {
      expect(await score(`test/good/00${i}.png`)).toBeLessThan(rounded.threshold);
      expect(await score(`test/blot/00${i}.png`)).toBeGreaterThan(rounded.threshold);
    }
    await session.dispose();
    expect((await readFile(rounded.detectorPath)).length).toBeLessThan((await readFile(exact.detectorPath)).length / 3);
  });

  it('has a threshold and a self-test of its own, and says how well it agrees', async () => {
    const { bundle } = await tinyBundle();
    const rounded = await openBundle(bundle, 'int8');
    const { int8 } = rounded.manifest;
    expect(rounded.calibration.threshold).toBe(rounded.threshold);
    const frame = await decodeImage(join(bundle, 'self-test.png'), { size: rounded.manifest.preprocessing.size });
    const session = await DetectorSession.load(rounded.detectorPath);
    expect((await session.run(frame, 1)).scores[0]).toBeCloseTo(rounded.selfTestScore, 5);
    await session.dispose();
    expect(int8?.agreement.rankCorrelation).toBeGreaterThan(0.9);
    expect(int8?.agrees).toBe(/agree/.test(int8?.reason ?? ''));
  });
});

describe('a pasted defect', () => {
  it('changes one rectangle of the picture, and is the same for the same seed', () => {
    const [height, width] = [32, 40];
    const frame = Uint8Array.from({ length: height * width * 3 }, (_, i) => (7 * i) % 251);
    const pasted = cutPaste(frame, [height, width], randomFrom(3));
    expect(cutPaste(frame, [height, width], randomFrom(3))).toEqual(pasted);
    const changed = [...pasted.keys()].filter((i) => pasted[i] !== frame[i]).map((i) => Math.floor(i / 3));
    const rows = changed.map((pixel) => Math.floor(pixel / width));
    const columns = changed.map((pixel) => pixel % width);
    const area = (Math.max(...rows) - Math.min(...rows) + 1) * (Math.max(...columns) - Math.min(...columns) + 1);
    expect(new Set(changed).size).toBeGreaterThan(0.8 * area);
    expect(area / (height * width)).toBeLessThan(0.2);
  });
});
