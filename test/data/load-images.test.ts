import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadImages } from '../../src/data/load-images.js';
import { folderWith } from '../fixtures/folder.js';

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

  it('names the image that cannot be read, and reads no further ones', async () => {
    const paths = await greys(20);
    paths.splice(1, 0, '/nonexistent.png');
    let done = 0;
    const loading = loadImages(paths, { size }, { concurrency: 2, onProgress: () => done++ });
    await expect(loading).rejects.toThrow('/nonexistent.png: no such file');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(done).toBeLessThan(20);
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
