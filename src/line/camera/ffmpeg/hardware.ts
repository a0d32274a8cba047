import { fileURLToPath } from 'node:url';
import type { Codec, Decoder } from '../codec.js';
import { decode } from './decode.js';
import type { Ffmpeg } from './ffmpeg.js';

/** What the configuration may ask for. */
export type WantedDecoder = Decoder | 'jetson' | 'auto';

/** What `jetson` and `auto` try, the best first; `none` always works. */
const candidates: Record<'jetson' | 'auto', readonly Decoder[]> = {
  jetson: ['jetson-nvmpi', 'jetson-v4l2m2m'],
  auto: ['cuda', 'jetson-nvmpi', 'jetson-v4l2m2m', 'vaapi'],
};

/** The decoder that is used, and why it is not the one that was asked for. */
export interface ChosenDecoder {
  readonly decoder: Decoder;
  /** One line for each decoder that was tried and did not work. */
  readonly failures: readonly string[];
  /** True when hardware was asked for by name and the processor decodes instead. */
  readonly fellBack: boolean;
}

/** A second of video, 25 frames of 320 x 240, in each codec. */
const FRAMES = 25;
const samples: Record<Codec, string> = {
  h264: fileURLToPath(new URL('../../../../assets/video/probe-h264.mp4', import.meta.url)),
  hevc: fileURLToPath(new URL('../../../../assets/video/probe-hevc.mp4', import.meta.url)),
};

/**
 * Finds out what works here by decoding a second of video with each candidate, and falls back to the processor.
 * @throws the signal's reason when aborted
 */
export async function chooseDecoder(
  wanted: WantedDecoder,
  codec: Codec,
  ffmpeg: Ffmpeg,
  signal?: AbortSignal,
): Promise<ChosenDecoder> {
  if (wanted === 'none') return { decoder: 'none', failures: [], fellBack: false };
  const tried = wanted === 'auto' || wanted === 'jetson' ? candidates[wanted] : [wanted];
  const failures: string[] = [];
  for (const decoder of tried) {
    const failure = await failureOf(decoder, codec, ffmpeg, signal);
    if (failure === undefined) return { decoder, failures, fellBack: false };
    failures.push(`${decoder}: ${failure}`);
  }
  return { decoder: 'none', failures, fellBack: wanted !== 'auto' };
}

/** Why a decoder does not decode the sample; undefined when it does. */
async function failureOf(
  decoder: Decoder,
  codec: Codec,
  ffmpeg: Ffmpeg,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const source = { kind: 'file', path: samples[codec], realtime: false } as const;
  const patience = { firstFrame: 10_000, nextFrame: 5000 };
  let frames = 0;
  try {
    for await (const _ of decode(source, { ffmpeg, size: [48, 64], hardware: { decoder, codec }, patience, signal }))
      frames++;
  } catch (error) {
    if (signal?.aborted) throw error;
    return (error as Error).message.split('\n', 1)[0];
  }
  return frames >= FRAMES ? undefined : `decoded ${frames} of ${FRAMES} frames`;
}
