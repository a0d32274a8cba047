import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, it } from 'vitest';
import { findFfmpeg } from '../../../src/line/camera/ffmpeg/ffmpeg.js';
import { readVideo } from '../../../src/line/camera/video.js';
import { DetectorSession } from '../../../src/method/engine/onnx/session.js';
import { decodeImage } from '../../../src/method/images/image.js';
import { TINY, tinyBundle } from '../../fixtures/tiny-bundle.js';

it('a picture scores within 2 % the same through training’s decoder and through ffmpeg', async () => {
  const { bundle, data } = await tinyBundle();
  const ffmpeg = await findFfmpeg();
  const folder = join(inject('shared'), 'parity');
  await mkdir(folder, { recursive: true });
  const size = [TINY, TINY] as const;
  const session = await DetectorSession.load(join(bundle, 'detector.onnx'));
  const score = async (frame: Uint8Array) => (await session.run(frame, 1)).scores[0];
  for (const name of ['good/000', 'blot/000', 'blot/001']) {
    const picture = join(data, 'test', `${name}.png`);
    const video = join(folder, `${name.replace('/', '-')}.mkv`);
    // Lossless, so that only decoding and scaling differ.
    await promisify(execFile)(ffmpeg.path, [
      '-loglevel',
      'error',
      '-y',
      '-i',
      picture,
      '-c:v',
      'ffv1',
      '-pix_fmt',
      'bgr0',
      video,
    ]);
    const expected = await score(await decodeImage(picture, { size }));
    for await (const { pixels } of readVideo(video, { ffmpeg, size })) {
      expect(Math.abs((await score(pixels)) / expected - 1)).toBeLessThan(0.02);
    }
  }
  await session.dispose();
  expect.assertions(3);
});
