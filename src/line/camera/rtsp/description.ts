import type { Codec } from '../codec.js';

/** The video of a camera, as its session description (SDP, RFC 8866) has it. */
export interface VideoDescription {
  readonly codec: Codec;
  /** Number of the video's RTP packets. */
  readonly payloadType: number;
  /** Where it is set up: absolute, or relative to the session. */
  readonly control: string;
  /** Where the session as a whole is played, if the description says so. */
  readonly session: string | undefined;
  /** NAL units that describe the video, for cameras that do not send them in it. */
  readonly parameterSets: readonly Buffer[];
}

const codecs: Readonly<Record<string, Codec>> = { H264: 'h264', H265: 'hevc' };

/** @returns the kinds of streams that a description offers, say `audio` */
export function readMedia(text: string): string[] {
  return linesOf(text).flatMap((line) => /^m=(\w+)/.exec(line)?.[1] ?? []);
}

/**
 * @returns undefined where the first video is none that we read: another codec, or packets that are not in the order of
 *   decoding
 */
export function readDescription(text: string): VideoDescription | undefined {
  const lines = linesOf(text);
  const begin = lines.findIndex((line) => line.startsWith('m=video'));
  if (begin === -1) return undefined;
  const [, protocol, formats] = /^m=video\s+\S+\s+(\S+)\s+(.+)$/.exec(lines[begin]) ?? [];
  // With an S in front it is encrypted.
  if (!/^(RTP\/)?AVPF?(\/TCP)?$/i.test(protocol ?? '')) return undefined;
  const after = lines.slice(begin + 1);
  const end = after.findIndex((line) => line.startsWith('m='));
  const media = end === -1 ? after : after.slice(0, end);

  const names = new Map(
    media.flatMap((line) => {
      const [, type, name] = /^a=rtpmap:\s*(\d+)\s+(\w+)/.exec(line) ?? [];
      return type === undefined ? [] : [[type, name.toUpperCase()] as const];
    }),
  );
  const payloadType = formats.split(/\s+/).find((type) => names.has(type));
  const codec = codecs[names.get(payloadType ?? '') ?? ''];
  // Without a space behind the number, some cameras' formats begin at once.
  const format = attributeOf(media, `fmtp:${payloadType}`) ?? '';
  const parameter = (name: string) => new RegExp(`(?:^|[;\\s])${name}\\s*=\\s*"?([^";\\s]*)`, 'i').exec(format)?.[1];
  const reordered = parameter('packetization-mode') === '2' || Number(parameter('sprop-max-don-diff') ?? 0) > 0;
  if (!codec || reordered) return undefined;
  const sets = ['sprop-parameter-sets', 'sprop-vps', 'sprop-sps', 'sprop-pps'].flatMap(
    (name) => parameter(name)?.split(',') ?? [],
  );
  const first = lines.findIndex((line) => line.startsWith('m='));
  return {
    codec,
    payloadType: Number(payloadType),
    control: attributeOf(media, 'control:') ?? '',
    session: attributeOf(lines.slice(0, first), 'control:'),
    parameterSets: sets.map((set) => Buffer.from(set, 'base64')).filter(({ length }) => length > 0),
  };
}

const linesOf = (text: string): string[] => text.split(/[\r\n]+/).map((line) => line.trim());

function attributeOf(lines: readonly string[], attribute: string): string | undefined {
  return lines
    .find((line) => line.startsWith(`a=${attribute}`))
    ?.slice(attribute.length + 2)
    .trim();
}
