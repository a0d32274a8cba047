import { type Decoder, decoders } from '../../line/camera/codec.js';
import { decode } from '../../line/camera/ffmpeg/decode.js';
import type { Ffmpeg } from '../../line/camera/ffmpeg/ffmpeg.js';
import { chooseDecoder } from '../../line/camera/ffmpeg/hardware.js';
import type { Clips } from './clip.js';
import { rounded } from './statistics.js';

/** How fast ffmpeg decodes one video and shrinks it to the detector's input. */
export interface MeasuredDecoding {
  readonly codec: Clips['codec'];
  /** By decoder as the configuration names it, then by height of the video. */
  readonly framesPerSecond: Record<string, Record<number, number>>;
  /** Decoders that do not work here, and why. */
  readonly unusable: Record<string, string>;
}

export interface DecodingOptions {
  readonly clips: Clips;
  readonly ffmpeg: Ffmpeg;
  /** Height and width of the detector's input. */
  readonly size: readonly [number, number];
  readonly heights: readonly number[];
  readonly seconds: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string) => void;
}

/**
 * By the camera's own command line, as fast as it goes; no frame is judged.
 * @throws KdadError FFMPEG_FAILED, BENCH_FAILED
 */
export async function measureDecoding(options: DecodingOptions): Promise<MeasuredDecoding> {
  const { clips, ffmpeg, heights, seconds, signal, onProgress } = options;
  const framesPerSecond: MeasuredDecoding['framesPerSecond'] = {};
  const unusable: MeasuredDecoding['unusable'] = {};
  for (const decoder of decoders) {
    onProgress?.(decoder);
    const failure = clips.codec === 'h264' ? await failureOf(decoder, ffmpeg, signal) : onlyForH264(decoder);
    if (failure !== undefined) {
      unusable[decoder] = failure;
      continue;
    }
    framesPerSecond[decoder] = {};
    for (const height of heights) {
      onProgress?.(`${decoder}, ${height}p`);
      const path = await clips.make({ height, fps: 25, seconds });
      framesPerSecond[decoder][height] = rounded(await rateOf(path, decoder, options), 1);
    }
  }
  return { codec: clips.codec, framesPerSecond, unusable };
}

async function failureOf(decoder: Decoder, ffmpeg: Ffmpeg, signal?: AbortSignal): Promise<string | undefined> {
  const chosen = await chooseDecoder(decoder, 'h264', ffmpeg, signal);
  return chosen.fellBack ? chosen.failures[0].replace(`${decoder}: `, '') : undefined;
}

const onlyForH264 = (decoder: Decoder): string | undefined =>
  decoder === 'none' ? undefined : 'this ffmpeg has no encoder to make an H.264 clip with';

/** Frames a second from the first frame to the last: what ffmpeg takes to start is left out. */
async function rateOf(path: string, decoder: Decoder, { ffmpeg, size, signal }: DecodingOptions): Promise<number> {
  const source = { kind: 'file', path, realtime: false } as const;
  let first = 0;
  let frames = -1;
  for await (const _ of decode(source, { ffmpeg, size, hardware: { decoder, codec: 'h264' }, signal })) {
    if (++frames === 0) first = performance.now();
  }
  return (1000 * frames) / (performance.now() - first);
}
