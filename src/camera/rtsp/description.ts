import type { Codec } from '../hardware.js';

/** The video of a camera, as its session description (SDP, RFC 8866) has it. */
export interface VideoDescription {
  readonly codec: Codec;
  /** Number of the video's RTP packets. */
  readonly payloadType: number;
  /** Where it is set up: absolute, or relative to the session. */
  readonly control: string;
  /** NAL units that describe the video, for cameras that do not send them in it. */
  readonly parameterSets: readonly Buffer[];
}

const codecs: Readonly<Record<string, Codec>> = { H264: 'h264', H265: 'hevc' };

/** @returns undefined where the first video is none that we read: another codec, or packets that are not in the order of decoding */
export function readDescription(text: string): VideoDescription | undefined {
  const lines = text.split(/\r?\n/);
  const begin = lines.findIndex((line) => line.startsWith('m=video '));
  if (begin === -1) return undefined;
  const after = lines.slice(begin + 1);
  const end = after.findIndex((line) => line.startsWith('m='));
  const media = end === -1 ? after : after.slice(0, end);
  const attribute = (name: string) => media.find((line) => line.startsWith(`a=${name}`))?.slice(name.length + 2);

  const payloadType = lines[begin].split(' ')[3];
  const codec = codecs[/^\s*(\w+)\//.exec(attribute(`rtpmap:${payloadType} `) ?? '')?.[1].toUpperCase() ?? ''];
  // Without a space behind the number, some cameras' formats begin at once.
  const format = attribute(`fmtp:${payloadType}`) ?? '';
  const parameter = (name: string) => new RegExp(`(?:^|[; ])${name}=([^; ]*)`).exec(format)?.[1];
  const reordered = parameter('packetization-mode') === '2' || Number(parameter('sprop-max-don-diff') ?? 0) > 0;
  if (!codec || reordered) return undefined;
  const sets = ['sprop-parameter-sets', 'sprop-vps', 'sprop-sps', 'sprop-pps'].flatMap(
    (name) => parameter(name)?.split(',') ?? [],
  );
  return {
    codec,
    payloadType: Number(payloadType),
    control: attribute('control:')?.trim() ?? '',
    parameterSets: sets.map((set) => Buffer.from(set, 'base64')).filter(({ length }) => length > 0),
  };
}
