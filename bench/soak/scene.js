import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { findFfmpeg } from '../../dist/line/camera/ffmpeg/ffmpeg.js';
import { makeBundle } from '../../dist/tools/benchmark/scene.js';
import { planLine, renderVideo } from '../../dist/tools/demo/line.js';
import { bracket } from '../../dist/tools/demo/products/bracket.js';

/** A bundle of a rendered product, and a video of its line, some parts defective, at 25 frames a second. */
export async function makeScene(folder) {
  const [slow, video] = ['slow.avi', 'line.avi'].map((name) => join(folder, name));
  const ffmpeg = await findFfmpeg();
  await renderVideo(bracket, planLine(bracket, 0), slow, ffmpeg);
  await run(ffmpeg.path, ['-loglevel', 'error', '-i', slow, '-vf', 'fps=25', '-c:v', 'mjpeg', '-q:v', '2', video]);
  return { model: await makeBundle(folder), video };
}

async function run(command, args) {
  const [code] = await once(spawn(command, args, { stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error(`${command} exited with ${code}`);
}
