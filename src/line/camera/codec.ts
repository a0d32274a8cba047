/** What a camera sends; hardware decoders of the Jetson are chosen by it. */
export const codecs = ['h264', 'hevc'] as const;
export type Codec = (typeof codecs)[number];

/** Ways to decode. The Jetson has two: the patched ffmpeg of its users (nvmpi) and the kernel's (v4l2m2m). */
export const decoders = ['none', 'cuda', 'jetson-nvmpi', 'jetson-v4l2m2m', 'vaapi'] as const;
export type Decoder = (typeof decoders)[number];

/** What ffmpeg can be fed with: bare H.264 or H.265, or JPEGs, each in a part of a multipart message. */
export type FedFormat = Codec | 'mpjpeg';

/** ffmpeg's options before the input. Frames come back to memory: they are scaled as in training, by the processor. */
export function hardwareOptions(decoder: Decoder, codec: Codec): readonly string[] {
  switch (decoder) {
    case 'none':
      return [];
    case 'cuda':
      return ['-hwaccel', 'cuda'];
    case 'vaapi':
      return ['-hwaccel', 'vaapi', '-hwaccel_device', '/dev/dri/renderD128'];
    case 'jetson-nvmpi':
      return ['-c:v', `${codec}_nvmpi`];
    case 'jetson-v4l2m2m':
      return ['-c:v', `${codec}_v4l2m2m`];
  }
}
