import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { findFfmpeg } from '../../dist/camera/ffmpeg.js';
import { writeDataset } from '../../dist/demo/dataset.js';
import { planLine, renderVideo } from '../../dist/demo/line.js';
import { bracket } from '../../dist/demo/products/bracket.js';
import { OnnxEngine } from '../../dist/engine/onnx/onnx-engine.js';
import { resolveTeacher } from '../../dist/teacher/store.js';
import { recipes } from '../../dist/training/recipes.js';
import { train } from '../../dist/training/train.js';

/** A bundle of a rendered product, and a video of its line, some parts defective, at 25 frames a second. */
export async function makeScene(folder) {
  const [data, slow, video, model] = ['parts', 'slow.avi', 'line.avi', 'model'].map((name) => join(folder, name));
  await writeDataset(bracket, data, { good: 24, testGood: 0, defective: 0 }, 0);
  const ffmpeg = await findFfmpeg();
  await renderVideo(bracket, planLine(bracket, 0), slow, ffmpeg);
  await run(ffmpeg.path, ['-loglevel', 'error', '-i', slow, '-vf', 'fps=25', '-c:v', 'mjpeg', '-q:v', '2', video]);
  const teacher = await resolveTeacher(undefined);
  await train({ data, teacher, out: model, recipe: recipes.kdad, epochs: 12, seed: 0, engine: new OnnxEngine() });
  return { model, video };
}

async function run(command, args) {
  const [code] = await once(spawn(command, args, { stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error(`${command} exited with ${code}`);
}
