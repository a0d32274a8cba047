import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../src/line/camera/ffmpeg/ffmpeg.js';
import { FRAMES_A_PART, partOf, planLine, renderVideo } from '../../../src/tools/demo/line.js';
import { bracket } from '../../../src/tools/demo/products/bracket.js';
import { PICTURE } from '../../../src/tools/demo/products/product.js';
import { folderWith } from '../../fixtures/folder.js';

describe('the plan of a line', () => {
  const line = planLine(bracket, 0);

  it('has every kind of defect once, and three good parts before each', () => {
    expect(line.flatMap(({ kind }) => kind ?? [])).toEqual(Object.keys(bracket.kinds));
    expect(line.map(({ kind }) => (kind ? 'x' : '.')).join('')).toBe('...x'.repeat(5));
  });

  it('never shows the same part twice in a round', () => {
    expect(new Set(line.map(({ seed }) => seed)).size).toBe(line.length);
  });

  it('knows which part a frame shows, in every round', () => {
    expect(partOf(line, 0)).toMatchObject({ round: 0, position: 0 });
    expect(partOf(line, 4 * FRAMES_A_PART - 1)).toMatchObject({ round: 0, position: 3, part: { kind: 'scratch' } });
    expect(partOf(line, (line.length + 1) * FRAMES_A_PART)).toMatchObject({ round: 1, position: 1 });
  });
});

it('the video has every frame of the plan, in the size of the pictures', async () => {
  const path = join(await folderWith(), 'line.avi');
  const ffmpeg = await findFfmpeg();
  const line = planLine(bracket, 0).slice(0, 3);
  await renderVideo(bracket, line, path, ffmpeg);
  const decoded = await promisify(execFile)(
    ffmpeg.path,
    ['-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'],
    { encoding: 'buffer', maxBuffer: 1e9 },
  );
  expect(decoded.stdout.length).toBe(3 * FRAMES_A_PART * PICTURE * PICTURE);
});

it('says what ffmpeg says when the video cannot be written', async () => {
  const writing = renderVideo(bracket, planLine(bracket, 0).slice(0, 1), '/nonexistent/line.avi', await findFfmpeg());
  await expect(writing).rejects.toMatchObject({ code: 'FFMPEG_FAILED' });
});
