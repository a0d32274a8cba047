import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, inject, it } from 'vitest';
import { recipes } from '../../../src/learning/training/recipes.js';
import { type TrainOptions, train } from '../../../src/learning/training/train.js';
import { openBundle } from '../../../src/method/bundle/read.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';
import { DetectorSession } from '../../../src/method/engine/onnx/session.js';
import { decodeImage } from '../../../src/method/images/image.js';
import { imagenetPreprocessing } from '../../../src/method/images/preprocessing.js';
import { folderWith } from '../../fixtures/folder.js';
import { PICTURE, picture } from '../../fixtures/product.js';
import { TINY, tinyBundle } from '../../fixtures/tiny-bundle.js';

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
  });
});

describe('training', () => {
  const options = async (out: string): Promise<TrainOptions> => {
    const { data, teacher } = await tinyBundle();
    return {
      data,
      teacher,
      out: join(inject('shared'), out),
      recipe: recipes.kdad,
      epochs: 2,
      seed: 5,
      engine: new OnnxEngine({ threads: 1 }),
      preprocessing: { ...imagenetPreprocessing, size },
    };
  };
  const files = async (folder: string) => {
    const names = (await readdir(folder)).sort();
    return Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')]));
  };

  it('writes the same bytes for the same seed, also when it was interrupted and resumed with the same options', async () => {
    const straight = await options('deep/er/straight');
    expect(await train(straight)).toMatchObject({ finished: true });
    expect(await readdir(join(inject('shared'), 'deep/er'))).toEqual(['straight']);

    const interrupted = await options('interrupted');
    const stop = new AbortController();
    const first = await train({
      ...interrupted,
      signal: stop.signal,
      onProgress: (progress) => progress.stage === 'training' && progress.epoch === 2 && stop.abort(),
    });
    expect(first).toMatchObject({ finished: false, manifest: { training: { bestEpoch: 1 } } });
    const otherSeed = { ...interrupted, resume: true, seed: 6 };
    await expect(train(otherSeed), 'other options').rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    await expect(train(interrupted), 'not resumed').rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect(await train({ ...interrupted, resume: true })).toMatchObject({ finished: true });

    expect(await files(interrupted.out)).toEqual(await files(straight.out));
    expect(await readdir(inject('shared'))).not.toContain('interrupted.checkpoint');
  });

  it('sees pictures in their own shape, and pads those of another', async () => {
    const base = await options('shaped');
    const data = await folderWith();
    for (let i = 0; i < 10; i++) {
      const { pixels } = picture(7000 + i, false);
      const raw = { width: PICTURE, height: PICTURE, channels: 3 as const };
      const [width, height] = i === 3 ? [64, 64] : [96, 64];
      await sharp(pixels, { raw })
        .resize(width, height, { fit: 'fill' })
        .toFile(join(data, `${i}.png`));
    }
    const said: unknown[] = [];
    const onProgress: TrainOptions['onProgress'] = (progress) => progress.stage === 'shape' && said.push(progress);
    const own = { ...base, data, preprocessing: undefined, size: [64, 96] as const, onProgress };
    const { manifest } = await train(own);
    expect(manifest.preprocessing).toMatchObject({ size: [64, 96], aspect: 1.5 });
    expect(manifest.data).toMatchObject({ images: 10, padded: 1 });
    expect(said).toMatchObject([{ size: [64, 96], padded: 1, images: 10 }]);
    await expect(openBundle(base.out)).resolves.toMatchObject({ manifest: { preprocessing: { aspect: 1.5 } } });
  });

  it('sees in 16-bit files of 12 bits what it sees in 8-bit ones, and says so', async () => {
    const folders = await Promise.all(
      [0, 4].map(async (shift) => {
        const data = await folderWith();
        for (let i = 0; i < 8; i++) {
          const samples = Uint16Array.from(picture(i).pixels, (value) => value << shift);
          const raw = { width: PICTURE, height: PICTURE, channels: 3 as const };
          const image = shift
            ? sharp(samples, { raw: { ...raw, depth: 'ushort' } as never }).toColourspace('rgb16')
            : sharp(Uint8Array.from(samples), { raw });
          await image.png().toFile(join(data, `${i}.png`));
        }
        return data;
      }),
    );
    const said: unknown[] = [];
    const onProgress: TrainOptions['onProgress'] = (progress) => progress.stage === 'samples' && said.push(progress);
    const base = await options('twelve');
    const { manifest, calibration } = await train({ ...base, data: folders[1], epochs: 1, onProgress });
    expect(said).toEqual([{ stage: 'samples', bits: 12 }]);
    expect(manifest.preprocessing.sampleBits).toBe(12);
    const learned = await decodeImage(join(base.out, 'self-test.png'), { size });
    const seen = await decodeImage(join(folders[0], calibration.scores[0].image), { size });
    // But for the defect that is pasted in.
    const alike = learned.filter((value, i) => value === seen[i]).length / seen.length;
    expect(alike).toBeGreaterThan(0.8);
  }, 300_000);

  it('with the memory alone writes no student; leaves out images, and goes by a rate of false alarms', async () => {
    const base = { ...(await options('remembered')), recipe: recipes.memory, epochs: undefined };
    const { manifest, calibration } = await train(base);
    expect(manifest).toMatchObject({ training: { bestEpoch: 0, epochs: [] }, recipe: { name: 'memory' } });
    expect(await readdir(base.out)).toContain('memory.safetensors');
    expect(await readdir(base.out)).not.toContain('student.safetensors');

    const exclude = ['train/good/000.png', 'train/good/001.png'];
    const strict = await train({ ...base, out: `${base.out}-strict`, exclude, falseAlarms: 0.001 });
    expect(strict.manifest.data.images).toBe(manifest.data.images - 2);
    const learned = [...strict.manifest.split.training, ...strict.manifest.split.validation];
    expect(learned.filter((name) => exclude.includes(name))).toEqual([]);
    expect(strict.calibration.parameters).toEqual({ falseAlarms: 0.001 });
    expect(strict.calibration.threshold).toBeGreaterThan(calibration.threshold);
    await expect(train({ ...base, out: `${base.out}-none`, exclude: ['none.png'] })).rejects.toThrow(/none\.png/);
    const seed = { ...base, out: `${base.out}-seed`, recipe: recipes.seed };
    await expect(train({ ...seed, falseAlarms: 0.01 })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(train({ ...seed, dropOdd: true })).rejects.toMatchObject({ code: 'USAGE' });
  }, 120_000);

  it('finds defective images among those it learns from, and trains without them when it is told to', async () => {
    const base = { ...(await options('odd')), recipe: recipes.memory, epochs: undefined };
    const data = await folderWith();
    await cp(base.data as string, data, { recursive: true });
    await cp(join(data, 'test/blot/001.png'), join(data, 'train/good/blotted.png'));
    const { manifest, dropped } = await train({ ...base, data, dropOdd: true });
    expect(dropped[0], 'the oddest comes first').toBe('train/good/blotted.png');
    const { training, validation } = manifest.split;
    expect([...training, ...validation]).not.toContain('train/good/blotted.png');
    expect(manifest.data.images).toBe(24 + 1 - dropped.length);
  }, 120_000);

  it('says at once when it cannot make the folder that holds the bundle', async () => {
    const base = await options('nowhere');
    await expect(train({ ...base, out: join(base.teacher, 'bundle') })).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
  });

  it('says so when it is interrupted before anything was learned', async () => {
    const signal = AbortSignal.abort();
    await expect(train({ ...(await options('early')), signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await readdir(inject('shared'))).not.toContain('early');
  });
});
