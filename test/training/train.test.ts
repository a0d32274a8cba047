import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/image.js';
import { DetectorSession } from '../../src/engine/onnx/session.js';
import { TINY, tinyBundle } from '../fixtures/tiny-bundle.js';

const size = [TINY, TINY] as const;

describe('a trained bundle', () => {
  it('scores blotted parts above its threshold and good ones below', async () => {
    const { bundle, data } = await tinyBundle();
    const { threshold } = JSON.parse(await readFile(join(bundle, 'manifest.json'), 'utf8'));
    const session = await DetectorSession.load(join(bundle, 'detector.onnx'));
    const score = async (kind: string, i: number) => {
      const frame = await decodeImage(join(data, `test/${kind}/00${i}.png`), { size });
      return (await session.run(frame, 1)).scores[0];
    };
    for (let i = 0; i < 6; i++) {
      expect(await score('good', i)).toBeLessThan(threshold.value);
      expect(await score('blot', i)).toBeGreaterThan(threshold.value);
    }
    await session.dispose();
  }, 60_000);
});
