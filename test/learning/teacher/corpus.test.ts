import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type CorpusOptions, openCorpus } from '../../../src/learning/teacher/corpus.js';
import { folderWith } from '../../fixtures/folder.js';

const options: CorpusOptions = { size: 32, epoch: 40, seed: 0 };

const plain = (width: number, red: number) =>
  sharp({ create: { width, height: 60, channels: 3, background: { r: red, g: 40, b: 40 } } })
    .png()
    .toBuffer();

/** A folder of plain pictures, some in a folder of their own. */
async function pictures(count: number): Promise<string> {
  const files = Array.from({ length: count }, async (_, i) => [
    `${i % 2 ? 'odd/' : ''}${i}.png`,
    await plain(60 + i, 100),
  ]);
  return folderWith(Object.fromEntries(await Promise.all(files)));
}

async function take(source: Awaited<ReturnType<typeof openCorpus>>['training'], epoch = 1, batch = 16) {
  const batches: (readonly Uint8Array[])[] = [];
  for await (const crops of source.batches(epoch, batch)) batches.push(crops);
  return batches;
}

describe('a corpus', () => {
  it('gives crops in batches, as many as an epoch has, however few pictures there are', async () => {
    const { pictures: found, training } = await openCorpus([await pictures(5)], options);
    expect(found).toBe(5);
    expect((await take(training)).map((crops) => crops.length)).toEqual([16, 16, 8]);
    expect((await take(training, 2)).flat()).toHaveLength(40);
  });

  it('holds the same crops out every time', async () => {
    const folder = await pictures(60);
    const [first, again] = [await openCorpus([folder], options), await openCorpus([folder], options)];
    expect(first.validation).toHaveLength(8);
    expect(again.validation).toEqual(first.validation);
  });

  it('leaves out what it cannot use, and tells it once', async () => {
    const folder = await pictures(6);
    await writeFile(join(folder, 'broken.png'), 'no picture');
    await writeFile(join(folder, 'tiny.png'), await plain(10, 0));
    const skipped: string[] = [];
    const { training } = await openCorpus([folder], {
      ...options,
      seed: 3,
      onSkip: ({ message }) => skipped.push(message),
    });
    await take(training);
    await take(training, 2);
    expect(skipped.sort()).toEqual([
      expect.stringContaining('broken.png: not an image'),
      expect.stringContaining('tiny.png: 10 x 60, too small'),
    ]);
  });

  it('is refused when it has nothing to learn from', async () => {
    await expect(openCorpus([await folderWith()], options)).rejects.toMatchObject({ code: 'DATASET_INVALID' });
    await expect(openCorpus(['/nonexistent'], options)).rejects.toMatchObject({ code: 'DATASET_INVALID' });
    const texts = await folderWith({ 'a.png': 'a', 'b.png': 'b', 'c.png': 'c' });
    await expect(openCorpus([texts], options)).rejects.toMatchObject({ code: 'DATASET_INVALID' });
  });
});
