import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { findDataset, testsOf } from '../../../src/learning/dataset/dataset.js';
import { describeDataset } from '../../../src/learning/dataset/describe-dataset.js';
import { folderWith } from '../../fixtures/folder.js';

const files = (...names: string[]) => folderWith(Object.fromEntries(names.map((name) => [name, ''])));

describe('findDataset', () => {
  it('finds good images, tests and masks in the MVTec layout', async () => {
    const root = await files(
      'train/good/b.png',
      'train/good/a.png',
      'test/good/1.png',
      'test/scratch/deep/1.jpg',
      'test/scratch/2.bmp',
      'ground_truth/scratch/deep/1_mask.png',
      'ground_truth/scratch/2_mask.png',
      'readme.txt',
    );
    expect(await findDataset(root)).toEqual({
      root,
      layout: 'split',
      description: 'train and test',
      good: ['train/good/a.png', 'train/good/b.png'],
      tests: [
        { path: 'test/good/1.png', kind: 'good' },
        { path: 'test/scratch/2.bmp', kind: 'scratch', masks: ['ground_truth/scratch/2_mask.png'] },
        { path: 'test/scratch/deep/1.jpg', kind: 'scratch', masks: ['ground_truth/scratch/deep/1_mask.png'] },
      ],
      leftOut: [],
      unfitMasks: [],
    });
  });

  it('takes a folder without that layout as good images, at any depth', async () => {
    const root = await files('b/2.TIFF', 'a.JPEG', 'c.webp', 'notes.txt', '.hidden.png', '.thumbs/1.png');
    expect(await findDataset(root)).toEqual({
      root,
      layout: 'folder',
      description: 'good images alone',
      good: ['a.JPEG', 'b/2.TIFF', 'c.webp'],
      tests: [],
      leftOut: [
        { path: '.hidden.png', why: 'hidden' },
        { path: '.thumbs', why: 'hidden' },
      ],
      unfitMasks: [],
    });
  });

  it('sorts by code unit, whatever the locale says', async () => {
    expect((await findDataset(await files('b.png', 'Z.png', 'ä.png', '10.png', '9.png'))).good).toEqual([
      '10.png',
      '9.png',
      'Z.png',
      'b.png',
      'ä.png',
    ]);
  });

  it('reads test images alone, and without any masks', async () => {
    const { good, tests } = await findDataset(await files('test/scratch/1.png'));
    expect(good).toEqual([]);
    expect(tests).toEqual([{ path: 'test/scratch/1.png', kind: 'scratch' }]);
  });

  it('names the masks that are missing where others are there', async () => {
    const root = await files('test/hole/1.png', 'test/hole/2.png', 'test/hole/3.png', 'ground_truth/hole/2_mask.png');
    await expect(findDataset(root)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: `${root}: masks are missing of test/hole/1.png, test/hole/3.png`,
    });
  });

  it.each([
    ['a folder without images', ['notes.txt'], /no PNG, JPEG, BMP, WebP or TIFF images/],
    ['an empty train/good', ['train/good/.keep'], /: no PNG, JPEG/],
    ['test images of no kind', ['test/1.png'], /test\/1\.png: expected in a folder that names its kind/],
  ])('refuses %s', async (_, names, message) => {
    await expect(findDataset(await files(...names))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('names what is there instead', async () => {
    await expect(findDataset(await files('a.heic', 'self/manifest.json', 'self/detector.onnx'))).rejects.toThrow(
      'or TIFF images; left out: a.heic (of a format that is not read), self (a bundle)',
    );
  });

  it('looks into the masks where they alone say which are good', async () => {
    const mask = (value: number) =>
      sharp({ create: { width: 400, height: 30, channels: 3, background: '#000' } })
        .composite([{ input: { create: { width: 4, height: 1, channels: 3, background: `rgb(${value},0,0)` } } }])
        .png()
        .toBuffer();
    const root = await folderWith({
      'a.jpg': '',
      'a_label.png': await mask(0),
      'b.jpg': '',
      'b_label.png': await mask(1),
    });
    const { good, tests } = await findDataset(root);
    expect([good, tests.map(({ kind }) => kind)]).toEqual([['a.jpg'], ['good', 'defective']]);
  });

  it('says when there is no such folder', async () => {
    await expect(findDataset('/nonexistent/bottle')).rejects.toThrow('/nonexistent/bottle: no such folder');
  });
});

describe('folders named on the command line', () => {
  const dataset = () =>
    files('a/x/0.png', 'b/scratch/0.png', 'b/1.png', 'm/scratch/0.png', 'm/1.png', 'other/0.png', 'c/bad/0.png');

  it('say what is good, defective or a mask, whatever their own names are', async () => {
    const data = await dataset();
    const found = await findDataset({ data, good: ['a', 'c/bad'], defective: ['b'], masks: ['m'] });
    expect(found).toMatchObject({
      root: data,
      good: ['a/x/0.png', 'c/bad/0.png'],
      tests: [
        { path: 'a/x/0.png', kind: 'good' },
        { path: 'c/bad/0.png', kind: 'good' },
        { path: 'b/1.png', kind: 'b', masks: ['m/1.png'] },
        { path: 'b/scratch/0.png', kind: 'scratch', masks: ['m/scratch/0.png'] },
      ],
      leftOut: [{ path: 'other/0.png', why: 'in none of the folders named' }],
    });
  });

  it('may lie in each other: the deepest counts', async () => {
    const root = await files('0.png', '1.png', 'defects/2.png');
    const { good, tests } = await findDataset({ data: root, good: ['.'], defective: ['defects'] });
    expect(good).toEqual(['0.png', '1.png']);
    expect(tests.at(-1)).toEqual({ path: 'defects/2.png', kind: 'defects' });
  });

  it('need no common folder to be named', async () => {
    const data = await dataset();
    const found = await findDataset({ good: [join(data, 'a')], defective: [join(data, 'b')] });
    expect(found).toMatchObject({ root: data, good: ['a/x/0.png'] });
    expect(testsOf(await findDataset({ good: [join(data, 'a')] }))).toEqual([{ path: 'x/0.png', kind: 'good' }]);
  });

  it('have to be there, and in the dataset', async () => {
    const data = await dataset();
    await expect(findDataset({ data, good: ['z'] })).rejects.toThrow('z: no such folder in');
    await expect(findDataset({ data: join(data, 'b'), good: [join(data, 'a')] })).rejects.toThrow(
      'expected a folder in',
    );
    await expect(findDataset({})).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('describeDataset', () => {
  it('says how many images come from which folder, and what is left out', async () => {
    const root = await files(
      ...['train/good/0.png', 'train/good/1.png', 'train/bad/0.png', 'test/good/0.png', 'test/bad/0.png'],
      ...['ground_truth/bad/0.png', 'ground_truth/bad/7.png', 'a.heic'],
    );
    expect(describeDataset(await findDataset(root))).toEqual([
      `${root}: train and test`,
      '  good      train/good       2',
      '  test      test/bad         1  bad, with masks',
      '  test      test/good        1  good',
      '  left out  a.heic           1  of a format that is not read',
      '  left out  train/bad/0.png  1  defective, so not learned',
      '  1 mask fits no image: ground_truth/bad/7.png',
    ]);
  });
});
