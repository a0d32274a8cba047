import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findDataset, listImages } from '../../src/data/dataset.js';
import { folderWith } from '../fixtures/folder.js';

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
      layout: 'mvtec',
      good: ['train/good/a.png', 'train/good/b.png'],
      tests: [
        { path: 'test/good/1.png', kind: 'good' },
        { path: 'test/scratch/2.bmp', kind: 'scratch', mask: 'ground_truth/scratch/2_mask.png' },
        { path: 'test/scratch/deep/1.jpg', kind: 'scratch', mask: 'ground_truth/scratch/deep/1_mask.png' },
      ],
    });
  });

  it('takes a folder without that layout as good images, at any depth', async () => {
    const root = await files('b/2.TIFF', 'a.JPEG', 'c.webp', 'notes.txt', '.hidden.png', '.thumbs/1.png');
    expect(await findDataset(root)).toEqual({
      root,
      layout: 'folder',
      good: ['a.JPEG', 'b/2.TIFF', 'c.webp'],
      tests: [],
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
      message: `${root}: masks are missing: ground_truth/hole/1_mask.png, ground_truth/hole/3_mask.png`,
    });
  });

  it.each([
    ['a folder without images', ['notes.txt'], /no PNG, JPEG, BMP, WebP or TIFF images/],
    ['an empty train/good', ['train/good/.keep'], /train\/good and .*test: no PNG/],
    ['test images of no kind', ['test/1.png'], /test\/1\.png: expected in a folder that names its kind/],
  ])('refuses %s', async (_, names, message) => {
    await expect(findDataset(await files(...names))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('says when there is no such folder', async () => {
    await expect(findDataset('/nonexistent/bottle')).rejects.toThrow('/nonexistent/bottle: no such folder');
  });
});

describe('listImages', () => {
  it('follows links, but not back into a folder it is in', async () => {
    const elsewhere = await files('linked.png');
    const root = await files('a/1.png');
    await symlink(elsewhere, join(root, 'b'));
    await symlink(join(elsewhere, 'linked.png'), join(root, 'c.png'));
    await symlink(root, join(root, 'a/loop'));
    await symlink('/nonexistent', join(root, 'dangling.png'));
    expect(await listImages(root)).toEqual(['a/1.png', 'b/linked.png', 'c.png']);
  });
});
