import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addImages } from '../../../src/learning/training/add-images.js';
import { openBundle } from '../../../src/method/bundle/read.js';
import { openDetector } from '../../../src/method/detector/open-detector.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';
import { decodeImage } from '../../../src/method/images/image.js';
import { kdadEdge } from '../../fixtures/command-line.js';
import { folderWith } from '../../fixtures/folder.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

const images = ['test/blot/000.png', 'test/blot/001.png'];

it('a bundle that was given images finds them far less odd, and judges others as before', async () => {
  const tiny = await tinyBundle();
  const out = join(await folderWith(), 'more');
  const before = await openBundle(tiny.bundle, 'fp32');
  const { prototypes, above } = await addImages(before, {
    root: tiny.data,
    images,
    out,
    engine: new OnnxEngine({ threads: 1 }),
  });
  expect(prototypes).toHaveLength(3);
  const after = await openBundle(out, 'fp32');
  expect(after.threshold).toBe(before.threshold);
  expect(after.manifest.data).toEqual({ ...before.manifest.data, added: images.length });
  const [old, fresh] = await Promise.all([before, after].map((bundle) => openDetector(bundle)));
  const size = after.manifest.preprocessing.size;
  const scoresOf = async (image: string) => {
    const frame = await decodeImage(join(tiny.data, image), { size });
    return [(await old.run(frame, 1)).scores[0], (await fresh.run(frame, 1)).scores[0]];
  };
  for (const image of images) {
    const [was, is] = await scoresOf(image);
    expect(was).toBeGreaterThan(before.threshold);
    // What is left is the student's, which has learned nothing more.
    expect(is).toBeLessThan(was / 2);
    expect(above.includes(image)).toBe(is >= before.threshold);
  }
  const [was, is] = await scoresOf('test/good/000.png');
  expect(is).toBeLessThanOrEqual(1.01 * was);
  await Promise.all([old.dispose(), fresh.dispose()]);
});

it('the command says what it wrote, and asks for what is missing', async () => {
  const tiny = await tinyBundle();
  const out = join(await folderWith(), 'more');
  const { code, stdout } = await kdadEdge(
    ...['train', '--from', tiny.bundle, '--add', join(tiny.data, 'test/good'), '--out', out],
  );
  expect(code).toBe(0);
  expect(stdout).toContain('and 6 images more in its memory');
  await openBundle(out, 'int8');
  expect((await kdadEdge('train', '--from', tiny.bundle, '--out', `${out}2`)).stderr).toContain('--add');
});
