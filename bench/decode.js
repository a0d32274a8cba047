// What decoding costs, and what ways to scale do to the scores:
//   node bench/decode.js --scene FOLDER [--sizes 1280x720,1920x1080] [--json]
// FOLDER is that of bench/latency.js. Milliseconds of the processor a frame, in the median of five runs over the clip,
// each way in turn; the difference of scores is to the same frames decoded without loss and scaled as in training,
// relative, the largest and the mean of 20 frames.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { findFfmpeg } from '../dist/line/camera/ffmpeg/ffmpeg.js';
import { openBundle } from '../dist/method/bundle/read.js';
import { openDetector } from '../dist/method/detector/open-detector.js';
import { decodeImage } from '../dist/method/images/image.js';
import { makeClip, makeModel } from './latency/scene.js';

const { values } = parseArgs({
  options: {
    scene: { type: 'string' },
    sizes: { type: 'string', default: '1280x720,1920x1080' },
    json: { type: 'boolean', default: false },
  },
});
const scene = resolve(values.scene);
const run = promisify(execFile);
const { path: ffmpeg } = await findFfmpeg();
const bundle = await openBundle(await makeModel(scene), 'fp32');
const { size } = bundle.manifest.preprocessing;
const [height, width] = size;
const scale = (flags) => `scale=${width}:${height}:flags=${flags}`;
/** Ways to a picture of the model's size, by name; the first one is ours. */
const ways = {
  'bilinear+accurate_rnd+full_chroma_int': scale('bilinear+accurate_rnd+full_chroma_int'),
  'bilinear+accurate_rnd': scale('bilinear+accurate_rnd'),
  bilinear: scale('bilinear'),
  fast_bilinear: scale('fast_bilinear'),
  area: scale('area'),
  'area+accurate_rnd+full_chroma_int': scale('area+accurate_rnd+full_chroma_int'),
  'bicubic+accurate_rnd+full_chroma_int': scale('bicubic+accurate_rnd+full_chroma_int'),
  neighbor: scale('neighbor'),
};
const FRAMES = 20;
const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-threads', '1'];
const folder = await mkdtemp(join(tmpdir(), 'kdad-edge-decode-'));
const detector = await openDetector(bundle);
try {
  const rows = [];
  for (const picture of values.sizes.split(',')) {
    const { video } = await makeClip(scene, { size: picture.split('x'), fps: 10, bits: '4M' });
    const costs = { 'decoded alone': [], ...Object.fromEntries(Object.keys(ways).map((name) => [name, []])) };
    for (let round = 0; round < 5; round++) {
      for (const [name, each] of Object.entries(costs)) {
        const filter = ways[name] ? ['-vf', ways[name], ...raw, '/dev/null'] : ['-f', 'null', '-'];
        each.push(await cost(video, filter));
      }
    }
    const expected = await asTrained(video);
    for (const [name, each] of Object.entries(costs)) {
      const milliseconds = each.sort((a, b) => a - b)[2];
      const apart = ways[name] ? differences(expected, await scores(video, ways[name])) : [];
      const mean = apart.reduce((sum, value) => sum + value, 0) / apart.length;
      rows.push({ picture, name, milliseconds, largest: Math.max(...apart), mean });
    }
  }
  if (values.json) console.log(JSON.stringify(rows));
  else for (const row of rows) console.log(describe(row));
} finally {
  await detector.dispose();
  await rm(folder, { recursive: true, force: true });
}

/** Milliseconds of the processor a frame, decoded in one thread as that of a camera. */
async function cost(video, output) {
  const input = ['-nostdin', '-y', '-benchmark', '-thread_type', 'slice', '-i', video];
  const { stderr } = await run(ffmpeg, [...input, ...output]);
  const [, user, system] = /utime=([\d.]+)s stime=([\d.]+)s/.exec(stderr);
  const frames = Number([...stderr.matchAll(/frame= *(\d+)/g)].at(-1)[1]);
  return (1000 * (Number(user) + Number(system))) / frames;
}

/** Scores of the first frames, each in full size through training's own decoder. */
async function asTrained(video) {
  const exact = ['-vf', 'scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp', '-pix_fmt', 'rgb24'];
  await run(ffmpeg, ['-y', '-i', video, '-frames:v', String(FRAMES), ...exact, join(folder, '%03d.png')]);
  const scored = [];
  for (let frame = 1; frame <= FRAMES; frame++) {
    const path = join(folder, `${String(frame).padStart(3, '0')}.png`);
    scored.push((await detector.run(await decodeImage(path, { size }), 1)).scores[0]);
  }
  return scored;
}

async function scores(video, filter) {
  const args = ['-i', video, '-frames:v', String(FRAMES), '-vf', filter, ...raw, '-'];
  const { stdout } = await run(ffmpeg, args, { encoding: 'buffer', maxBuffer: 1e8 });
  const bytes = width * height * 3;
  const scored = [];
  for (let frame = 0; frame < FRAMES; frame++) {
    scored.push((await detector.run(stdout.subarray(frame * bytes, (frame + 1) * bytes), 1)).scores[0]);
  }
  return scored;
}

function differences(expected, actual) {
  return actual.map((score, i) => Math.abs(score / expected[i] - 1));
}

function describe({ picture, name, milliseconds, largest, mean }) {
  const apart = Number.isFinite(mean) ? `${(100 * largest).toFixed(2)} %  ${(100 * mean).toFixed(2)} %` : '';
  return `${picture}  ${name.padEnd(38)} ${milliseconds.toFixed(2)} ms  ${apart}`;
}
