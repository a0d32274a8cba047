import { throwIfInterrupted } from '../../common/abort.js';
import type { Codec, Decoder } from '../camera/codec.js';
import type { Ffmpeg } from '../camera/ffmpeg/ffmpeg.js';
import { type ChosenDecoder, chooseDecoder } from '../camera/ffmpeg/hardware.js';
import type { CameraConfig } from '../config/schema.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';

export interface DecodersOptions {
  readonly ffmpeg: Ffmpeg;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Tries every decoder that the cameras ask for once, and tells what came of it.
 * @returns each camera's, by name
 * @throws KdadError INTERRUPTED
 */
export async function chooseDecoders(
  cameras: readonly CameraConfig[],
  { ffmpeg, metrics, log, signal }: DecodersOptions,
): Promise<ReadonlyMap<string, { readonly decoder: Decoder; readonly codec: Codec }>> {
  const tried = new Map<string, Promise<ChosenDecoder>>();
  const chosen = new Map<string, { decoder: Decoder; codec: Codec }>();
  for (const { name: camera, decoder: wanted, codec } of cameras) {
    const choice = tried.get(`${wanted} ${codec}`) ?? chooseDecoder(wanted, codec, ffmpeg, signal);
    tried.set(`${wanted} ${codec}`, choice);
    const { decoder, failures, fellBack } = await choice.catch((error) => {
      throwIfInterrupted(signal);
      throw error;
    });
    if (fellBack) log.warn({ camera, wanted, failures }, 'the hardware decoder cannot be used; the CPU decodes');
    else if (wanted !== 'none') log.info({ camera, decoder }, 'decoder chosen');
    await metrics.forgetDecoder(camera);
    metrics.cameraDecoder.set({ camera, decoder, fallback: String(fellBack) }, 1);
    chosen.set(camera, { decoder, codec });
  }
  return chosen;
}
