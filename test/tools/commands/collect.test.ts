import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../src/line/camera/ffmpeg/ffmpeg.js';
import { readVideo } from '../../../src/line/camera/video.js';
import { decodeImage, decodePicture } from '../../../src/method/images/image.js';
import { kdadEdge } from '../../fixtures/command-line.js';
import { folderWith } from '../../fixtures/folder.js';
import { PICTURE, picture } from '../../fixtures/product.js';
import { TINY, tinyBundle } from '../../fixtures/tiny-bundle.js';
import { make } from '../../line/camera/ffmpegs.js';

let bundle: string;
beforeAll(async () => {
  bundle = (await tinyBundle()).bundle;
});

/** A line of six parts, the third and fifth blotted, each seen twice, and its configuration. */
async function line(settings = ''): Promise<{ folder: string; config: string }> {
  const folder = await folderWith();
  await mkdir(join(folder, 'line'));
  for (let i = 0; i < 12; i++) {
    const part = Math.floor(i / 2);
    const { pixels } = picture(4000 + part, part === 2 || part === 4);
    const file = join(folder, 'line', `${String(i).padStart(2, '0')}.png`);
    await sharp(pixels, { raw: { width: PICTURE, height: PICTURE, channels: 3 } })
      .png()
      .toFile(file);
  }
  const config = join(folder, 'kdad-edge.yaml');
  const camera = `{ name: belt, source: { kind: folder, path: line }, fps: 4, ${settings} }`;
  await writeFile(config, `model: ${bundle}\ncameras: [${camera}]\n`);
  return { folder, config };
}

describe('kdad-edge collect', () => {
  it('saves each part once, as the detector sees it, with a page to look through', async () => {
    const { folder, config } = await line();
    const out = join(folder, 'collected');
    const { code, stdout, stderr } = await kdadEdge('collect', '--config', config, '--camera', 'belt', '--out', out);
    expect([code, stderr.includes('Saved 6; left out 6 alike')]).toEqual([0, true]);
    expect(stdout).toContain(`6 pictures in ${out}/images`);
    const names = await readdir(join(out, 'images'));
    expect(names).toHaveLength(6);
    const saved = await decodeImage(join(out, 'images', names[0]), { size: [TINY, TINY] });
    const seen = await decodeImage(join(folder, 'line', '00.png'), { size: [TINY, TINY] });
    expect(saved).toEqual(seen);
    const page = await readFile(join(out, 'contact-sheet.html'), 'utf8');
    for (const name of names) expect(page).toContain(name);
  });

  it('leaves out what the model calls anomalous, and ends when there are enough', async () => {
    const { folder, config } = await line();
    const out = join(folder, 'good');
    const args = [
      'collect',
      '--config',
      config,
      '--camera',
      'belt',
      '--out',
      out,
      '--only',
      'good',
      '--count',
      '3',
      '--full',
    ];
    const { code, stderr } = await kdadEdge(...args);
    expect(code).toBe(0);
    expect(stderr).toMatch(/Saved 3; left out \d+ alike, [1-9]\d* anomalous/);
    const larger = await readdir(join(out, 'full'));
    expect(larger).toEqual(await readdir(join(out, 'images')));
    expect(await sharp(join(out, 'full', larger[0])).metadata()).toMatchObject({ width: 4 * TINY, height: 4 * TINY });
  });

  it('leaves them out where the camera ignores another part of the picture, too', async () => {
    const { folder, config } = await line('ignore: [[[0, 0], [1, 0], [1, 0.0625], [0, 0.0625]]]');
    const out = join(folder, 'good');
    const { code, stderr } = await kdadEdge(
      ...['collect', '--config', config, '--camera', 'belt', '--out', out, '--only', 'good'],
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/Saved [1-4]; left out \d+ alike, [4-9]\d* anomalous/);
  });

  it('needs no model before the first training, unless it is to judge', async () => {
    const { folder, config } = await line();
    await writeFile(config, (await readFile(config, 'utf8')).replace(bundle, 'none-yet'));
    const args = ['collect', '--config', config, '--camera', 'belt', '--count', '1', '--out'];
    const { code } = await kdadEdge(...args, join(folder, 'first'));
    expect(code).toBe(0);
    const [name] = await readdir(join(folder, 'first/images'));
    expect(await sharp(join(folder, 'first/images', name)).metadata()).toMatchObject({ width: 256, height: 256 });
    const judging = await kdadEdge(...args, join(folder, 'second'), '--only', 'good');
    expect(judging).toMatchObject({ code: 3, stderr: expect.stringContaining('[BUNDLE_MISSING]') });
  });

  it('leaves out the damaged frames of a video file, and says that it is damaged', async () => {
    const folder = await folderWith();
    const ffmpeg = await findFfmpeg();
    const [whole, damaged] = ['whole.mp4', 'damaged.mp4'].map((name) => join(folder, name));
    const codec = ['-c:v', 'libx264', '-bf', '0', '-x264-params', 'keyint=10:scenecut=0', '-movflags', '+faststart'];
    make(ffmpeg, '-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=25:d=2', '-pix_fmt', 'yuv420p', ...codec, whole);
    const bytes = await readFile(whole);
    const middle = Math.floor(bytes.length / 2);
    for (let at = middle; at < middle + 300; at++) bytes[at] = (at * 7919) >> 3;
    await writeFile(damaged, bytes);
    const frames: string[] = [];
    for await (const { pixels } of readVideo(whole, { ffmpeg, size: [TINY, TINY] }))
      frames.push(Buffer.from(pixels).toString('latin1'));
    const config = join(folder, 'kdad-edge.yaml');
    await writeFile(config, `model: ${bundle}\ncameras: [{ name: belt, source: { kind: file, path: damaged.mp4 } }]\n`);
    const out = join(folder, 'collected');
    const { code, stderr } = await kdadEdge('collect', '--config', config, '--camera', 'belt', '--out', out);
    expect(code).toBe(3);
    expect(stderr).toMatch(/, [1-9]\d* damaged.*camera belt: the video is damaged; .*\[VIDEO_DAMAGED\]/s);
    const names = await readdir(join(out, 'images'));
    // How many depends on how busy the machine is: collect takes frames as a camera sends them.
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const { pixels } = await decodePicture(join(out, 'images', name));
      expect(frames).toContain(Buffer.from(pixels).toString('latin1'));
    }
  });

  it('names the cameras there are when it is asked for another, and touches no folder that is in use', async () => {
    const { folder, config } = await line();
    const wrong = await kdadEdge('collect', '--config', config, '--camera', 'bell', '--out', join(folder, 'new'));
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('no camera bell; there are belt') });
    const used = await kdadEdge('collect', '--config', config, '--camera', 'belt', '--out', join(folder, 'line'));
    expect(used).toMatchObject({ code: 2, stderr: expect.stringContaining('[OUTPUT_EXISTS]') });
  });
});
