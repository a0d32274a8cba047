import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { LiveDetector } from '../../../src/line/inspection/live-detector.js';
import { type Bundle, openBundle } from '../../../src/method/bundle/read.js';
import { writeBundle } from '../../../src/method/bundle/write.js';
import { decodeImage } from '../../../src/method/images/image.js';
import { folderWith } from '../../fixtures/folder.js';
import { TINY, tinyBundle } from '../../fixtures/tiny-bundle.js';

const entry = new URL('../../../dist/line/inspection/inference-main.js', import.meta.url);
let bundle: Bundle;
let frame: Uint8Array;
beforeAll(async () => {
  const tiny = await tinyBundle();
  bundle = await openBundle(tiny.bundle, 'fp32');
  frame = await decodeImage(join(tiny.data, 'test/blot/000.png'), { size: [TINY, TINY] });
});

function live(first: Bundle): LiveDetector {
  const detector = new LiveDetector(first, { timeout: 240_000, entry, onLoss: () => {} });
  onTestFinished(() => detector.stop());
  return detector;
}

/** The same bundle with something changed in its manifest, whole again. */
async function changed(change: (manifest: Bundle['manifest']) => Bundle['manifest']): Promise<Bundle> {
  const { files, ...manifest } = change(bundle.manifest);
  const contents = await Promise.all(
    Object.keys(files).map(async (name) => [name, await readFile(join(bundle.directory, name))]),
  );
  const path = join(await folderWith(), 'changed');
  await writeBundle(path, { files: Object.fromEntries(contents), manifest });
  return openBundle(path, 'fp32');
}

const request = () => ({ batch: 1, frames: frame, mapsFrom: [0] });

describe('the live detector', () => {
  it('refuses to start with a bundle whose own picture scores otherwise than it should', async () => {
    const wrong = await changed((manifest) => ({
      ...manifest,
      selfTest: { ...manifest.selfTest, score: 1.1 * manifest.selfTest.score },
    }));
    await expect(live(wrong).start()).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
      message: expect.stringMatching(/^self-test failed: the bundle's picture scores \d/),
    });
  });

  it('swaps bundles while it judges: no batch is lost, and each is judged by one of them', async () => {
    const folder = await folderWith();
    await cp(bundle.directory, join(folder, 'second'), { recursive: true });
    const second = await openBundle(join(folder, 'second'), 'fp32');
    const detector = live(bundle);
    await detector.start();
    let swapped = false;
    const swapping = detector.swap(second).then(() => {
      swapped = true;
    });
    let judged = 0;
    while (!swapped || judged < 3) {
      const { scores } = await detector.judge(request());
      expect(scores[0]).toBeGreaterThan(0);
      judged++;
    }
    await swapping;
    expect(detector.bundle.directory).toBe(second.directory);
  });

  it('keeps the old bundle when the new one fails', async () => {
    const detector = live(bundle);
    await detector.start();
    const wrong = await changed((manifest) => ({ ...manifest, selfTest: { ...manifest.selfTest, score: 99 } }));
    await expect(detector.swap(wrong)).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    expect(detector.bundle).toBe(bundle);
    expect((await detector.judge(request())).scores[0]).toBeGreaterThan(0);
  });

  it('refuses a bundle that expects frames of another size', async () => {
    const detector = live(bundle);
    await detector.start();
    const other = await changed((manifest) => ({
      ...manifest,
      preprocessing: { ...manifest.preprocessing, size: [128, 128] },
    }));
    await expect(detector.swap(other)).rejects.toMatchObject({
      code: 'BUNDLE_UNSUPPORTED',
      message: expect.stringContaining('expects frames of 128 x 128, while the cameras deliver 64 x 64'),
    });
  });
});
