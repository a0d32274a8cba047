import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KdadError } from '../../../src/common/errors.js';
import { openBundle } from '../../../src/method/bundle/read.js';
import { writeBundle } from '../../../src/method/bundle/write.js';
import { folderWith } from '../../fixtures/folder.js';
import { calibration, manifest } from '../../fixtures/manifest.js';

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

  it.each([
    ['a pipe', (path: string) => void spawnSync('mkfifo', [path]), 'not a file'],
    ['a folder', (path: string) => mkdir(path), 'not a file'],
    ['a hole of a gigabyte', (path: string) => writeFile(path, '').then(() => truncate(path, 1e9)), '1000000000 bytes'],
  ])('refuses %s in the place of the manifest at once', async (_, make, message) => {
    const path = await bundle();
    await rm(join(path, 'manifest.json'));
    await make(join(path, 'manifest.json'));
    await expect(openBundle(path)).rejects.toMatchObject({
      code: 'BUNDLE_DAMAGED',
      message: expect.stringContaining(`manifest.json: ${message}`),
    });
  });

  it('answers any manifest with a bundle or a clear error, never with a crash', async () => {
    const path = await bundle();
    const file = join(path, 'manifest.json');
    const whole = await readFile(file);
    const opened = async (bytes: Uint8Array | string) => {
      await writeFile(file, bytes);
      const failure = await openBundle(path).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure) expect(failure).toBeInstanceOf(KdadError);
    };
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const places = fc.constantFrom(...placesIn(JSON.parse(whole.toString())));
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(4 * whole.length), async (changes, length) => {
        const bytes = Uint8Array.from(whole.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        await opened(bytes);
      }),
      { numRuns: 150 },
    );
    await fc.assert(
      fc.asyncProperty(places, fc.jsonValue(), async (place, value) => {
        const changed = JSON.parse(whole.toString());
        const parent = place.slice(0, -1).reduce((object, key) => object[key], changed);
        parent[place.at(-1) as string] = value;
        await opened(JSON.stringify(changed));
      }),
      { numRuns: 150 },
    );
  });

  it('looks at no file outside of the bundle, whatever the manifest names', async () => {
    const path = await bundle();
    const file = join(path, 'manifest.json');
    const whole = JSON.parse(await readFile(file, 'utf8'));
    const segment = fc.constantFrom('..', '.', '', 'secret', 'detector.onnx', '\\', '%2e%2e', '\0', '\n');
    const names = fc.oneof(
      fc.constant('__proto__'),
      fc.string(),
      fc.array(segment, { maxLength: 5 }).map((parts) => parts.join('/')),
    );
    await writeFile(join(path, '..', 'secret'), '');
    await fc.assert(
      fc.asyncProperty(names, async (name) => {
        const files = JSON.stringify(whole.files);
        const entry = `${JSON.stringify(name)}:{"bytes":0,"sha256":"${EMPTY}"}`;
        await writeFile(
          file,
          JSON.stringify({ ...whole, files: 0 }).replace('"files":0', `"files":{${files.slice(1, -1)},${entry}}`),
        );
        // The file of that name, if it is a plain one, is not there.
        await expect(openBundle(path)).rejects.toMatchObject({ code: 'BUNDLE_DAMAGED' });
      }),
      { numRuns: 150 },
    );
  });
});

/** SHA-256 of nothing. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The ways to every value in a JSON value. */
function placesIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[key], ...placesIn(inner).map((place) => [key, ...place])]);
}
