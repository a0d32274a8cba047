import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listImages, scan } from '../../../src/learning/dataset/scan.js';
import { folderWith } from '../../fixtures/folder.js';

const files = (...names: string[]) => folderWith(Object.fromEntries(names.map((name) => [name, ''])));

describe('scan', () => {
  it('leaves out what systems and kdad-edge itself keep among pictures, and says why', async () => {
    const root = await files(
      'a.png',
      '._a.png',
      'Thumbs.db',
      '@eaDir/a.jpg',
      '$RECYCLE.BIN/a.png',
      '__MACOSX/a.png',
      '.Trash/a.png',
      'model/manifest.json',
      'model/detector.onnx',
      'model/self-test.png',
      'a-heatmap.jpg',
      'a-heatmap-2.jpg',
      'events/1/alert.json',
      'events/1/overlay.jpg',
      'events/1/frame.png',
      'collected/contact-sheet.html',
      'collected/images/b.png',
      'collected/full/b.png',
      'c.heic',
      'd.gif',
      'e.svg',
      'f.PGM',
      'g.jfif',
    );
    expect(await scan(root)).toEqual({
      images: ['a.png', 'collected/images/b.png', 'events/1/frame.png', 'g.jfif'],
      leftOut: [
        ['$RECYCLE.BIN', 'kept there by a system'],
        ['.Trash', 'hidden'],
        ['._a.png', 'hidden'],
        ['@eaDir', 'kept there by a system'],
        ['__MACOSX', 'kept there by a system'],
        ['a-heatmap-2.jpg', 'a heatmap of kdad-edge'],
        ['a-heatmap.jpg', 'a heatmap of kdad-edge'],
        ['c.heic', 'of a format that is not read'],
        ['collected/full', 'the larger pictures of kdad-edge collect'],
        ['d.gif', 'of a format that is not read'],
        ['e.svg', 'of a format that is not read'],
        ['events/1/overlay.jpg', 'a heatmap of kdad-edge'],
        ['f.PGM', 'of a format that is not read'],
        ['model', 'a bundle'],
      ].map(([path, why]) => ({ path, why })),
    });
  });

  it('names files whose names are not UTF-8, which no program but a byte-wise one can open', async () => {
    const root = await files('a.png');
    await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from('gepr\xfcft.png', 'latin1')]), '');
    await mkdir(Buffer.concat([Buffer.from(`${root}/`), Buffer.from('M\xe4rz', 'latin1')]));
    const { images, leftOut } = await scan(root);
    expect(images).toEqual(['a.png']);
    expect(leftOut.map(({ path }) => path)).toEqual(['M\xe4rz', 'gepr\xfcft.png']);
    expect(leftOut[0].why).toMatch(/its name is not UTF-8/);
  });

  it('says when there is no such folder, or a file', async () => {
    await expect(scan('/nonexistent')).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: '/nonexistent: no such folder',
    });
    const root = await files('a.png');
    await expect(scan(join(root, 'a.png'))).rejects.toThrow('a.png: this is a file; expected a folder');
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
