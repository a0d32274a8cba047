import { cp, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { kdadEdge } from '../../fixtures/command-line.js';
import { folderWith } from '../../fixtures/folder.js';
import { picture } from '../../fixtures/product.js';
import { type TinyBundle, tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: TinyBundle;
beforeAll(async () => {
  tiny = await tinyBundle();
});

/** The product's images in folders of these names. */
async function laid(good: string, defective: string): Promise<string> {
  const data = await folderWith();
  for (const [from, to] of [
    ['test/good', good],
    ['test/blot', defective],
  ]) {
    await mkdir(join(data, to, '..'), { recursive: true });
    await cp(join(tiny.data, from), join(data, to), { recursive: true });
  }
  return data;
}

describe('what the commands make of folders', () => {
  it('eval finds the defective ones by their folder, and says so', async () => {
    const data = await laid('OK', 'NG');
    const { code, stdout, stderr } = await kdadEdge('eval', '--model', tiny.bundle, '--data', data);
    expect(code).toBe(0);
    expect(stdout).toContain('12: 6 good, 6 defective');
    expect(stderr).toContain('folders of good and of defective images');
    expect(stderr).toMatch(/test +NG +6 +NG\n/);
  });

  it('eval takes folders by any name', async () => {
    const data = await laid('a', 'b');
    const folders = ['--good', join(data, 'a'), '--defective', join(data, 'b')];
    const { stdout } = await kdadEdge('eval', '--model', tiny.bundle, ...folders);
    expect(stdout).toContain('12: 6 good, 6 defective');
  });

  it('train and calibrate learn no defects that lie beside the pictures', async () => {
    const data = await laid('.', 'rejects');
    for (const command of [
      ['train', '--teacher', tiny.teacher],
      ['calibrate', '--model', tiny.bundle],
    ]) {
      const out = join(data, '..', 'never');
      const { code, stderr } = await kdadEdge(...command, '--data', data, '--out', out);
      expect(code).toBe(3);
      expect(stderr).toContain('beside rejects it holds');
      expect(stderr).toContain('--good, --defective and --masks');
      expect(await readdir(join(data, '..'))).not.toContain('never');
    }
  });

  it('calibrate tells where its pictures came from', async () => {
    const data = await laid('.', 'rejects');
    await writeFile(join(data, 'notes.heic'), '');
    const args = ['--data', data, '--good', '.', '--defective', 'rejects', '--out', join(await folderWith(), 'new')];
    const { code, stdout, stderr } = await kdadEdge('calibrate', '--model', tiny.bundle, ...args);
    expect(code).toBe(0);
    expect(stderr).toMatch(/good +\. +6\n/);
    expect(stderr).toMatch(/left out +notes\.heic +1 +of a format that is not read/);
    expect(stdout).toContain('images     6,');
  });

  it('train names what cannot be read, all at once, before it trains', async () => {
    const data = await folderWith();
    await cp(join(tiny.data, 'train/good'), data, { recursive: true });
    await writeFile(join(data, '003.png'), 'text');
    const whole = await sharp(join(data, '004.png')).png().toBuffer();
    await writeFile(join(data, '004.png'), whole.subarray(0, whole.length / 2));
    await rename(join(data, '005.png'), Buffer.from(`${data}/\xfc.png`, 'latin1') as unknown as string);
    const args = ['train', '--data', data, '--teacher', tiny.teacher, '--out', join(data, '..', 'never')];
    const { code, stderr } = await kdadEdge(...args);
    expect(code).toBe(3);
    expect(stderr).toMatch(/2 images cannot be read:\n.*003\.png: not an image.*\n.*004\.png: the file is damaged/);
    expect(stderr).toMatch(/left out.*its name is not UTF-8/);
  });

  it('predict reports a name that is not UTF-8, and goes on', async () => {
    const data = await folderWith();
    const good = join(tiny.data, 'test/good');
    await cp(join(good, '000.png'), join(data, 'a.png'));
    await cp(join(good, '000.png'), join(data, 'b.png'));
    await rename(join(data, 'b.png'), Buffer.from(`${data}/\xfc.png`, 'latin1') as unknown as string);
    const { code, stdout, stderr } = await kdadEdge('predict', '--model', tiny.bundle, data);
    expect(code).toBe(3);
    expect(stdout).toMatch(/a\.png/);
    expect(stderr).toMatch(/its name is not UTF-8/);
  });
});

it('predict refuses 16-bit pictures whose white nothing defines', async () => {
  const { pixels } = picture(3);
  const samples = Uint16Array.from(pixels, (value) => value << 4);
  const raw = { width: 96, height: 96, channels: 3, depth: 'ushort' } as never;
  const folder = await folderWith({
    'a.png': await sharp(samples, { raw }).toColourspace('rgb16').png().toBuffer(),
  });
  const { code, stderr } = await kdadEdge('predict', '--model', tiny.bundle, folder);
  expect(code).toBe(3);
  expect(stderr).toContain('its 16-bit samples use 12 bits, and the model has learned from 8-bit pictures');
});
