import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../src/line/camera/ffmpeg/ffmpeg.js';
import { kdadEdge, main } from '../../fixtures/command-line.js';
import { makeVideo } from '../../fixtures/daemon.js';
import { folderWith } from '../../fixtures/folder.js';
import { otherBundle, shapes } from '../../fixtures/other-bundle.js';
import { type TinyBundle, tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: TinyBundle;
beforeAll(async () => {
  tiny = await tinyBundle();
});

const jsonLines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('kdad-edge predict', () => {
  it('prints a line for each image and draws overlays at its size', async () => {
    const out = join(await folderWith(), 'overlays');
    const test = join(tiny.data, 'test');
    const { code, stdout } = await kdadEdge('predict', '--model', tiny.bundle, '--out', out, '--json', test);
    expect(code).toBe(0);
    const lines = jsonLines(stdout);
    expect(lines).toHaveLength(12);
    for (const { image, score, threshold, ratio, anomalous, heatmap } of lines) {
      expect(ratio).toBeCloseTo(score / threshold, 12);
      expect(anomalous).toBe(score >= threshold);
      expect(heatmap).toBe(image.replace(test, out).replace('.png', '-heatmap.jpg'));
      expect(await sharp(heatmap).metadata()).toMatchObject({ format: 'jpeg', width: 96, height: 96 });
    }
    expect(lines.filter(({ image, anomalous }) => image.includes('/blot/') && anomalous).length).toBeGreaterThanOrEqual(
      5,
    );
    expect(lines.filter(({ image, anomalous }) => image.includes('/good/') && anomalous).length).toBeLessThanOrEqual(1);
  });

  it('calls what is near the threshold for review, where that was asked for', async () => {
    const image = join(tiny.data, 'test/good/000.png');
    const judged = async (...review: string[]) => {
      const { stdout } = await kdadEdge('predict', '--model', tiny.bundle, '--json', ...review, image);
      return jsonLines(stdout)[0];
    };
    expect(await judged('--review', '0.1')).toMatchObject({ verdict: 'review', anomalous: false });
    expect(await judged()).toMatchObject({ verdict: 'good', anomalous: false });
    const { code, stderr } = await kdadEdge('predict', '--model', tiny.bundle, '--review', '2', image);
    expect(code).not.toBe(0);
    expect(stderr).toContain('Expected a share from 0.01% to 50%, or a part of the threshold from 0.1 to 0.99');
  });

  it('says what is odd about a picture as a whole', async () => {
    const folder = await folderWith();
    await sharp(join(tiny.data, 'test/good/000.png')).linear(0.1, 0).toFile(join(folder, 'lamp-out.png'));
    const { stdout } = await kdadEdge('predict', '--model', tiny.bundle, folder);
    expect(stdout).toMatch(/^.*lamp-out\.png .*(good|ANOMALOUS), too dark as a whole\n$/);
  });

  it('reports what it cannot read, judges the rest, and exits with the code of the error', async () => {
    const folder = await folderWith({ 'broken.png': 'text' });
    await cp(join(tiny.data, 'test/good/000.png'), join(folder, 'whole.png'));
    const { code, stdout, stderr } = await kdadEdge('predict', '--model', tiny.bundle, folder);
    expect(code).toBe(3);
    expect(stderr).toBe(`kdad-edge: ${folder}/broken.png: not an image of a known format  [IMAGE_UNREADABLE]\n`);
    expect(stdout).toMatch(/^\S+whole\.png +score [\d.]+ +ratio [\d.]+ +(good|ANOMALOUS)\n$/);
  });

  it('exits with 1 for anomalies only where that was asked for', async () => {
    const blots = [join(tiny.data, 'test/blot'), '--model', tiny.bundle];
    expect((await kdadEdge('predict', ...blots)).code).toBe(0);
    expect((await kdadEdge('predict', '--fail-on-anomaly', ...blots)).code).toBe(1);
  });

  it('judges every frame of a video', async () => {
    const folder = await folderWith();
    const video = join(folder, 'line.mp4');
    const ffmpeg = (await findFfmpeg()).path;
    const images = join(tiny.data, 'test/blot/%03d.png');
    await promisify(execFile)(ffmpeg, ['-v', 'error', '-framerate', '5', '-i', images, '-pix_fmt', 'yuv420p', video]);
    const out = join(folder, 'overlays');
    const { code, stdout } = await kdadEdge('predict', '--model', tiny.bundle, '--out', out, '--json', video);
    expect(code).toBe(0);
    const lines = jsonLines(stdout);
    expect(lines.map(({ image, frame }) => [image, frame])).toEqual([0, 1, 2, 3, 4, 5].map((frame) => [video, frame]));
    const anomalous = lines.filter((line) => line.anomalous);
    expect(anomalous.length).toBeGreaterThanOrEqual(5);
    expect((await readdir(out)).map((name) => join(out, name)).sort()).toEqual(anomalous.map(({ heatmap }) => heatmap));
  });

  it.each([
    [
      'is damaged',
      (bytes: Buffer) => Buffer.from(bytes).fill(0xa5, bytes.length - 3000, bytes.length - 2000),
      /is damaged/,
    ],
    ['ends before its time', (bytes: Buffer) => bytes.subarray(0, bytes.length - 3000), /ends before its time/],
  ])('judges what is good of a video that %s, says so, and exits with 3', async (_, change, said) => {
    const folder = await folderWith();
    const video = join(folder, 'line.avi');
    const ffmpeg = (await findFfmpeg()).path;
    const images = join(tiny.data, 'test/blot/%03d.png');
    const options = [
      '-v',
      'error',
      '-framerate',
      '5',
      '-i',
      images,
      '-c:v',
      'mpeg4',
      '-q:v',
      '2',
      '-g',
      '1',
      '-f',
      'matroska',
    ];
    await promisify(execFile)(ffmpeg, [...options, video]);
    await writeFile(video, change(await readFile(video)));
    const { code, stdout, stderr } = await kdadEdge('predict', '--model', tiny.bundle, '--json', video);
    expect(code).toBe(3);
    expect(stderr).toMatch(said);
    expect(stderr).toContain('[VIDEO_DAMAGED]');
    const lines = jsonLines(stdout);
    expect(lines.at(-1)).toMatchObject({ image: video, error: expect.stringMatching(said) });
    expect(lines.length).toBeGreaterThanOrEqual(2);
  });

  it('says that a video has another shape than the pictures that the model learned', async () => {
    const folder = await folderWith();
    const model = await otherBundle(join(folder, 'flat'), { ...shapes['a flat frame'], aspect: 2 });
    const video = join(folder, 'square.avi');
    await makeVideo(video, { good: 2, bad: 0 });
    const { stdout, stderr } = await kdadEdge('predict', '--model', model, '--json', video);
    expect(jsonLines(stdout)).toHaveLength(4);
    expect(stderr).toMatch(/^kdad-edge: 1 file has another shape than the pictures that the model learned: padded,/m);
  });

  it('stops quietly when nobody reads its lines any more', async () => {
    const data = Array.from({ length: 10 }, () => join(tiny.data, 'train/good'));
    const child = spawn(process.execPath, [main, 'predict', '--model', tiny.bundle, ...data]);
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await once(child, 'close')).toEqual([141, null]);
    expect(errors).toBe('');
  });

  it('writes overlays to no folder that holds anything', async () => {
    const out = await folderWith({ 'mine.jpg': '' });
    const { code, stderr } = await kdadEdge('predict', '--model', tiny.bundle, '--out', out, tiny.data);
    expect(code).toBe(2);
    expect(stderr).toContain('OUTPUT_EXISTS');
    expect(await readdir(out)).toEqual(['mine.jpg']);
  });
});

describe('kdad-edge eval', () => {
  it('prints JSON with the keys that scripts rely on', async () => {
    const { code, stdout } = await kdadEdge('eval', '--model', tiny.bundle, '--data', tiny.data, '--json');
    expect(code).toBe(0);
    const evaluation = JSON.parse(stdout);
    expect(evaluation).toMatchObject({ images: 12, imageAuroc: expect.any(Number), f1: expect.any(Number) });
    for (const key of ['pixelAuroc', 'pro', 'threshold', 'truePositiveRate', 'falsePositiveRate']) {
      expect(evaluation[key]).toEqual(expect.any(Number));
    }
  });

  it('stops quietly when nobody reads its result', async () => {
    const child = spawn(process.execPath, [main, 'eval', '--json', '--model', tiny.bundle, '--data', tiny.data]);
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    expect(await once(child, 'close')).toEqual([141, null]);
    expect(errors).not.toContain('EPIPE');
  });

  it('ends with one line about a dataset that is not there', async () => {
    const { code, stderr } = await kdadEdge('eval', '--model', tiny.bundle, '--data', '/nonexistent');
    expect(code).toBe(3);
    expect(stderr).toContain('kdad-edge: /nonexistent: no such folder');
  });
});
