// How the cost of judging grows with the resolution (the same weights at other sizes) and with the cameras (the daemon,
// 720p at 10 frames a second): node bench/scaling.js --model BUNDLE [--sizes 128,256,384] [--cameras 1,2,4,8] prints
// one JSON document.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findFfmpeg } from '../dist/line/camera/ffmpeg/ffmpeg.js';
import { openBundle } from '../dist/method/bundle/read.js';
import { DetectorSession } from '../dist/method/engine/onnx/session.js';
import { sharesStem } from '../dist/method/model/parameters.js';
import { Clips, findEncoder } from '../dist/tools/benchmark/clip.js';
import { runLine } from '../dist/tools/benchmark/line.js';
import { operationsOf } from '../dist/tools/benchmark/roofline.js';
import { inTurns } from '../dist/tools/benchmark/rounds.js';
import { detectorsOfSize } from './scaling/detectors-of-size.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    sizes: { type: 'string', default: '128,256,384' },
    cameras: { type: 'string', default: '1,2,4,8' },
    seconds: { type: 'string', default: '7' },
  },
});
const counts = (text) => text.split(',').filter(Boolean).map(Number);
const bundle = await openBundle(values.model);
const BATCHES = [1, 8];
const FPS = 10;

console.log(JSON.stringify({ resolution: await resolution(), cameras: await cameras() }, null, 2));

async function resolution() {
  const rows = [];
  for (const size of counts(values.sizes)) {
    const { student, frame, fp32, int8 } = await detectorsOfSize(bundle, size);
    const sessions = [
      ['fp32', await DetectorSession.load(fp32)],
      ['int8', await DetectorSession.load(int8)],
    ];
    const milliseconds = { fp32: {}, int8: {} };
    for (const batch of BATCHES) {
      const frames = Buffer.concat(Array(batch).fill(frame));
      const kinds = sessions.map(([precision, session]) => [precision, () => session.run(frames, batch)]);
      const times = await inTurns(Object.fromEntries(kinds), { rounds: 3, runs: 3 });
      for (const [precision, time] of Object.entries(times)) milliseconds[precision][batch] = time / batch;
    }
    for (const [, session] of sessions) await session.dispose();
    rows.push({ size, operations: operationsOf([size, size], sharesStem(student)), milliseconds });
  }
  return rows;
}

async function cameras() {
  const folder = await mkdtemp(join(tmpdir(), 'kdad-edge-scaling-'));
  try {
    const ffmpeg = await findFfmpeg();
    const picture = join(bundle.directory, bundle.manifest.selfTest.file);
    const clips = new Clips({ picture, folder, ffmpeg, encoder: await findEncoder(ffmpeg) });
    const clip = await clips.make({ height: 720, fps: FPS, seconds: 10 });
    const line = {
      folder,
      bundle: bundle.directory,
      ffmpeg: ffmpeg.path,
      clip,
      fps: FPS,
      seconds: Number(values.seconds),
    };
    const rows = [];
    for (const cameras of counts(values.cameras)) rows.push(await runLine({ ...line, cameras }));
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
