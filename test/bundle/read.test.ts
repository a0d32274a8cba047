import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBundle } from '../../src/bundle/read.js';
import { writeBundle } from '../../src/bundle/write.js';
import { folderWith } from '../fixtures/folder.js';
import { calibration, manifest } from '../fixtures/manifest.js';

async function bundle(): Promise<string> {
  const path = join(await folderWith(), 'bottle');
  const files = {
    'detector.onnx': new Uint8Array(1000),
    'teacher.safetensors': 'weights',
    'calibration.json': calibration,
    'self-test.png': 'picture',
  };
  await writeBundle(path, { files, manifest });
  return path;
}

/** A bundle whose manifest is changed by hand. */
async function bundleWith(change: (manifest: Record<string, unknown>) => unknown): Promise<string> {
  const path = await bundle();
  const written = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'));
  await writeFile(join(path, 'manifest.json'), JSON.stringify(change(written) ?? written));
  return path;
}

describe('openBundle', () => {
  it('opens what writeBundle wrote', async () => {
    const path = await bundle();
    const opened = await openBundle(path);
    expect(opened).toMatchObject({
      directory: path,
      name: 'bottle',
      detectorPath: join(path, 'detector.onnx'),
      calibration: JSON.parse(calibration),
      manifest,
    });
  });

  it.each([
    ['missing', 'teacher.safetensors', (path: string) => rm(path), 'the file is missing'],
    [
      'truncated',
      'detector.onnx',
      (path: string) => truncate(path, 999),
      'truncated: 999 bytes, where the manifest says 1000',
    ],
    ['longer', 'detector.onnx', (path: string) => truncate(path, 1001), 'changed: 1001 bytes'],
    ['changed', 'teacher.safetensors', (path: string) => writeFile(path, 'weightz'), 'changed: its SHA-256'],
    ['cut short', 'manifest.json', (path: string) => truncate(path, 50), 'not JSON'],
  ])('refuses a bundle with a file that is %s, and names it', async (_, file, damage, message) => {
    const path = await bundle();
    await damage(join(path, file));
    await expect(openBundle(path)).rejects.toMatchObject({
      code: 'BUNDLE_DAMAGED',
      message: expect.stringContaining(`${join(path, file)}: ${message}`),
    });
  });

  it.each([
    [
      'a threshold of zero',
      (m: typeof manifest) => ({ ...m, threshold: { ...m.threshold, value: 0 } }),
      'threshold.value: ',
    ],
    ['a key too many', (m: object) => ({ ...m, extra: 1 }), 'extra'],
    ['nothing of ours', () => [], 'the whole file: '],
    [
      'no detector among its files',
      (m: object) => ({ ...m, files: {} }),
      'files: expected detector.onnx, calibration.json',
    ],
  ])('refuses a manifest with %s, and says where', async (_, change, message) => {
    const path = await bundleWith(change as never);
    await expect(openBundle(path)).rejects.toMatchObject({
      code: 'BUNDLE_DAMAGED',
      message: expect.stringMatching(new RegExp(`^${path}/manifest.json: .*${message}`)),
    });
  });

  it.each(['../secret', '/etc/passwd', 'a/../../b', '.hidden', '..', 'a\\b'])(
    'refuses %s as the name of a file, without looking at it',
    async (name) => {
      const path = await bundleWith((m) => {
        (m.files as Record<string, unknown>)[name] = { bytes: 0, sha256: '0'.repeat(64) };
      });
      await expect(openBundle(path)).rejects.toMatchObject({
        code: 'BUNDLE_DAMAGED',
        message: expect.stringContaining('manifest.json: files.'),
      });
    },
  );

  it('says that a bundle is of another version', async () => {
    const path = await bundleWith((m) => ({ ...m, schemaVersion: 3, novelty: true }));
    await expect(openBundle(path)).rejects.toMatchObject({
      code: 'BUNDLE_UNSUPPORTED',
      message: `${path}/manifest.json: schema version 3; this kdad-edge reads version 2`,
    });
  });

  it('says that there is no bundle', async () => {
    const path = await folderWith({ 'detector.onnx': '' });
    await expect(openBundle(path)).rejects.toMatchObject({ code: 'BUNDLE_MISSING' });
    await expect(openBundle('/nonexistent')).rejects.toMatchObject({ code: 'BUNDLE_MISSING' });
  });
});
