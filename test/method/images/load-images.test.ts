import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadImages, surveyImages } from '../../../src/method/images/load-images.js';
import { folderWith } from '../../fixtures/folder.js';
import { tiff } from '../../fixtures/tiff.js';

const size = [2, 3] as const;

async function greys(count: number): Promise<string[]> {
  const encode = (value: number) =>
    sharp({ create: { width: 3, height: 2, channels: 3, background: { r: value, g: value, b: value } } })
      .png()
      .toBuffer();
  const names = Array.from({ length: count }, (_, i) => `${i}.png`);
  const folder = await folderWith(
    Object.fromEntries(await Promise.all(names.map(async (name, i) => [name, await encode(i)]))),
  );
  return names.map((name) => join(folder, name));
}

describe('loadImages', () => {
  it('puts all images one after the other in the order asked for', async () => {
    const paths = await greys(9);
    const progress: number[] = [];
    const frames = await loadImages(
      [...paths].reverse(),
      { size },
      { concurrency: 3, onProgress: (done) => progress.push(done) },
    );
    expect([...frames]).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0].flatMap((value) => new Array(2 * 3 * 3).fill(value)));
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('names all images that cannot be read at once: six with their reasons, and how many more', async () => {
    const paths = await greys(20);
    const loading = (...broken: string[]) => loadImages([...paths, ...broken], { size }, { concurrency: 2 });
    await expect(loading('/nonexistent.png')).rejects.toThrow(/^\/nonexistent.png: no such file$/);
    const nine = Array.from({ length: 9 }, (_, i) => `/${i}.png`);
    const error = await loading(...nine).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'IMAGE_UNREADABLE' });
    expect(error.message.split('\n')).toEqual([
      '9 images cannot be read:',
      ...nine.slice(0, 6).map((path) => `  ${path}: no such file`),
      '  and 3 more',
    ]);
  });

  it('stops with the reason of the signal', async () => {
    const stopping = new AbortController();
    const reason = new Error('enough');
    const loading = loadImages(
      await greys(6),
      { size },
      {
        concurrency: 1,
        signal: stopping.signal,
        onProgress: (done) => done === 2 && stopping.abort(reason),
      },
    );
    await expect(loading).rejects.toBe(reason);
  });
});

describe('the bits of many images', () => {
  const bitsOf = async (...files: (readonly number[])[]) => {
    const [eightBits] = await greys(1);
    const names = files.map((_, i) => `${i}.tif`);
    const folder = await folderWith(Object.fromEntries(files.map((values, i) => [names[i], tiff('uint16', values)])));
    const paths = [eightBits, '/nonexistent.png', ...names.map((name) => join(folder, name))];
    return (await surveyImages(paths)).sampleBits;
  };

  it.each([
    [
      10,
      [
        [0, 1000],
        [30, 1023],
      ],
    ],
    [
      12,
      [
        [0, 1000],
        [30, 1024],
      ],
    ],
    [14, [[4096]]],
    [16, [[65_520]]],
    [8, [[0, 255]]],
    [null, []],
  ])('%s', async (bits, files) => {
    expect(await bitsOf(...files)).toBe(bits);
  });
});
