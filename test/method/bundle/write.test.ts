import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBundle } from '../../../src/method/bundle/read.js';
import { writeBundle } from '../../../src/method/bundle/write.js';
import { folderWith } from '../../fixtures/folder.js';
import { calibration, manifest } from '../../fixtures/manifest.js';

const contents = (detector = 'first') => ({
  files: { 'detector.onnx': detector, 'calibration.json': calibration, 'self-test.png': 'picture' },
  manifest,
});

describe('writeBundle', () => {
  it('writes the files and a manifest that lists them, readable by other users, and leaves nothing else behind', async () => {
    const parent = await folderWith();
    const target = join(parent, 'deep/er/bottle');
    await writeBundle(target, contents());
    expect((await readdir(target)).sort()).toEqual([
      'calibration.json',
      'detector.onnx',
      'manifest.json',
      'self-test.png',
    ]);
    expect(await readdir(join(parent, 'deep/er'))).toEqual(['bottle']);
    expect((await stat(target)).mode & 0o777).toBe(0o755);
    const { files } = JSON.parse(await readFile(join(target, 'manifest.json'), 'utf8'));
    expect(files['detector.onnx']).toEqual({
      bytes: 5,
      // printf first | sha256sum
      sha256: 'a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e',
    });
  });

  it('writes the same bytes again for the same contents', async () => {
    const parent = await folderWith();
    await writeBundle(join(parent, 'a'), contents());
    await writeBundle(join(parent, 'b'), contents());
    const read = (name: string) => readFile(join(parent, name, 'manifest.json'), 'utf8');
    expect(await read('a')).toBe(await read('b'));
  });

  it('accepts an empty folder', async () => {
    const target = join(await folderWith(), 'bottle');
    await mkdir(target);
    await writeBundle(target, contents());
    expect((await openBundle(target)).name).toBe('bottle');
  });

  it.each([false, true])('touches nothing that is not a bundle (replace: %s)', async (replace) => {
    const parent = await folderWith({ 'photos/holiday.jpg': 'sun', file: 'text' });
    const refusal = { code: 'OUTPUT_EXISTS' };
    await expect(writeBundle(join(parent, 'photos'), contents(), { replace })).rejects.toMatchObject(refusal);
    await expect(writeBundle(join(parent, 'file'), contents(), { replace })).rejects.toMatchObject(refusal);
    expect(await readdir(join(parent, 'photos'))).toEqual(['holiday.jpg']);
    expect((await readdir(parent)).sort()).toEqual(['file', 'photos']);
  });

  it('replaces a bundle only when asked to, and then as a whole', async () => {
    const parent = await folderWith();
    const target = join(parent, 'bottle');
    await writeBundle(target, { ...contents(), files: { ...contents().files, 'old.txt': '' } });
    await expect(writeBundle(target, contents('second'))).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    await writeBundle(target, contents('second'), { replace: true });
    expect(await readFile(join(target, 'detector.onnx'), 'utf8')).toBe('second');
    expect(await readdir(target)).not.toContain('old.txt');
    expect(await readdir(parent)).toEqual(['bottle']);
  });

  it('leaves nothing behind, and the old bundle in place, when it fails half-way', async () => {
    const parent = await folderWith();
    const target = join(parent, 'bottle');
    await writeBundle(target, contents());
    const unwritable = { ...contents('second'), files: { ...contents('second').files, [`${'x'.repeat(300)}`]: '' } };
    await expect(writeBundle(target, unwritable, { replace: true })).rejects.toThrow('ENAMETOOLONG');
    expect(await readdir(parent)).toEqual(['bottle']);
    expect(await readFile(join((await openBundle(target)).directory, 'detector.onnx'), 'utf8')).toBe('first');
  });

  it('never writes a manifest that it could not read', async () => {
    const parent = await folderWith();
    const wrong = { ...contents(), manifest: { ...manifest, threshold: { ...manifest.threshold, value: Number.NaN } } };
    await expect(writeBundle(join(parent, 'bottle'), wrong)).rejects.toThrow('threshold');
    expect(await readdir(parent)).toEqual([]);
  });
});
