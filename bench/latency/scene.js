import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { findFfmpeg } from '../../dist/line/camera/ffmpeg/ffmpeg.js';
import { makeScene } from '../soak/scene.js';

/** A bundle of a rendered product, in `folder`; one that is there is taken. @returns its folder */
export async function makeModel(folder) {
  const model = join(folder, 'model');
  const made = await access(join(model, 'manifest.json')).then(
    () => true,
    () => false,
  );
  return made ? model : (await makeScene(folder)).model;
}

/**
 * The product's line as network cameras send it: H.264, a key frame every two seconds, no B frames, noise of a sensor
 * in every frame.
 * @param bits a second
 * @returns paths of the bare H.264, and of the same as MP4
 */
export async function makeClip(folder, { size: [width, height], fps, bits }) {
  const [stream, video] = ['h264', 'mp4'].map((type) => join(folder, `line-${width}x${height}-${fps}.${type}`));
  const gop = 2 * fps;
  await ffmpeg(
    ...['-r', String(fps), '-i', join(folder, 'slow.avi'), '-frames:v', String(10 * gop)],
    ...['-vf', `scale=${width}:${height}:flags=lanczos,noise=alls=8:allf=t`, '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'medium', '-profile:v', 'high', '-bf', '0', '-b:v', bits, '-maxrate', bits],
    ...['-bufsize', bits, '-g', String(gop), '-x264-params', 'aud=1:scenecut=0:sliced-threads=0', stream],
  );
  await ffmpeg('-r', String(fps), '-i', stream, '-c', 'copy', video);
  return { stream, video };
}

async function ffmpeg(...args) {
  const { path } = await findFfmpeg();
  const [code] = await once(spawn(path, ['-loglevel', 'error', '-y', ...args], { stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error(`ffmpeg exited with ${code}: libx264 has to be in it`);
}
