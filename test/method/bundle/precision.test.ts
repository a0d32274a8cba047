import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { multipliesBytes, type PrecisionChoice } from '../../../src/method/bundle/precision.js';
import { openBundle } from '../../../src/method/bundle/read.js';
import { folderWith } from '../../fixtures/folder.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

/** The tiny bundle with another verdict on its integers; without them for undefined. */
async function bundleThat(agrees: boolean | undefined): Promise<string> {
  const path = join(await folderWith(), 'bundle');
  await cp((await tinyBundle()).bundle, path, { recursive: true });
  const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'));
  if (agrees === undefined) delete manifest.int8;
  else manifest.int8.agrees = agrees;
  await writeFile(join(path, 'manifest.json'), JSON.stringify(manifest));
  return path;
}

const precisionOf = async (path: string, wanted?: PrecisionChoice) => (await openBundle(path, wanted)).precision;

describe('the precision of a bundle', () => {
  it('is what was asked for', async () => {
    const path = await bundleThat(false);
    expect(await precisionOf(path, 'fp32')).toBe('fp32');
    expect(await precisionOf(path, 'int8')).toBe('int8');
    expect(await precisionOf(path, 'fp16')).toBe('fp16');
  });

  it('is int8 by itself only where it agrees and the processor is made for it', async () => {
    expect(await precisionOf(await bundleThat(true))).toBe(multipliesBytes() ? 'int8' : 'fp32');
    expect(await precisionOf(await bundleThat(false))).toBe('fp32');
  });

  it('is fp32 for bundles of earlier versions, which cannot be asked for int8', async () => {
    const path = await bundleThat(undefined);
    expect(await precisionOf(path)).toBe('fp32');
    await expect(openBundle(path, 'int8')).rejects.toMatchObject({
      code: 'BUNDLE_UNSUPPORTED',
      message: expect.stringContaining('no int8 detector'),
    });
  });
});

describe('a processor', () => {
  it.each([
    ['x64 with VNNI', 'flags\t\t: fpu avx2 avx512f avx512_vnni', true],
    ['x64 of 2014', 'flags\t\t: fpu avx avx2 fma', false],
    ['Jetson Orin', 'Features\t: fp asimd aes asimddp', true],
    ['unknown', '', false],
  ])('%s', (_, processor, expected) => {
    expect(multipliesBytes(processor)).toBe(expected);
  });
});
