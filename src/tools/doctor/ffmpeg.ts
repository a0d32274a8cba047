import { decoders } from '../../line/camera/codec.js';
import { type Ffmpeg, warningOf } from '../../line/camera/ffmpeg/ffmpeg.js';
import { chooseDecoder } from '../../line/camera/ffmpeg/hardware.js';
import type { CameraConfig } from '../../line/config/schema.js';
import { type Finding, ok, warning } from './finding.js';

export function describeFfmpeg(ffmpeg: Ffmpeg): Finding {
  const { path, version, source } = ffmpeg;
  const what = `${path} ${version.major}.${version.minor}, from ${source}`;
  const outdated = warningOf(ffmpeg);
  return outdated ? warning('ffmpeg', `${what}: ${outdated.found}`, outdated.advice) : ok('ffmpeg', what);
}

/** Which hardware decodes a second of video here, and whether the cameras get what they ask for. */
export async function checkDecoders(
  cameras: readonly CameraConfig[],
  ffmpeg: Ffmpeg,
  signal: AbortSignal,
): Promise<Finding> {
  const hardware = decoders.filter((decoder) => decoder !== 'none');
  const tried = await Promise.all(hardware.map((decoder) => chooseDecoder(decoder, 'h264', ffmpeg, signal)));
  const working = hardware.filter((_, i) => !tried[i].fellBack);
  const found = working.length > 0 ? working.join(', ') : 'none of this machine; the processor decodes';
  const wanted = await Promise.all(cameras.map(({ decoder, codec }) => chooseDecoder(decoder, codec, ffmpeg, signal)));
  const without = cameras.filter((_, i) => wanted[i].fellBack).map(({ name, decoder }) => `${name} (${decoder})`);
  if (without.length === 0) return ok('decoders', found);
  return warning(
    'decoders',
    `${found}; not what these ask for: ${without.join(', ')}`,
    'Install the driver and an ffmpeg that knows it, or set decoder: none.',
  );
}
