import { LIKE, PADDING } from '../../../method/images/framing.js';
import type { Framing } from '../../../method/images/preprocessing.js';
import { readAddress } from '../address.js';
import { type Codec, type Decoder, type FedFormat, hardwareOptions } from '../codec.js';
import type { FileSource, FolderSource, MjpegSource, RtspSource, V4l2Source } from '../settings.js';
import { type View, viewFilters } from '../view.js';
import { markedSelect } from './decoder-log.js';
import { atLeast, type FfmpegVersion } from './ffmpeg.js';

/** The sources that ffmpeg decodes; the pictures of a folder need no ffmpeg. */
export type StreamSource = RtspSource | V4l2Source | MjpegSource | FileSource;

/** What to run and what to write to it. */
export interface Command {
  readonly args: readonly string[];
  /** Written to ffmpeg's standard input, which is then closed; a source that we read ourselves goes there instead. */
  readonly stdin?: string;
}

export interface CommandOptions {
  /** Height and width of the frames in pixels: the model's input. */
  readonly size: readonly [number, number];
  /** See `Framing`. */
  readonly aspect?: number;
  /** At most so many frames a second. */
  readonly fps?: number;
  readonly view?: View;
  readonly hardware?: { readonly decoder: Decoder; readonly codec: Codec };
  /** A source that we read ourselves: this is what comes to ffmpeg's standard input. */
  readonly fed?: FedFormat;
  /** Has ffmpeg tell of each frame, as `DecoderLog` reads it; ffmpeg 4.1 and newer. */
  readonly watched?: boolean;
  readonly version: FfmpegVersion;
}

/**
 * The ffmpeg command that decodes a source to raw RGB frames on its standard output.
 *
 * The address of a network source is a secret (it carries the password), and every user of the machine can read a
 * process's arguments. So it goes through standard input, as a playlist for ffmpeg's concat demuxer.
 */
export function decodeCommand(
  source: StreamSource,
  { size, aspect, fps, view = {}, hardware, fed, watched, version }: CommandOptions,
): Command {
  const filters = [
    ...selection(fps === undefined ? undefined : rateCap(fps), watched),
    ...viewFilters(view),
    ...frameFilters({ size, aspect }),
  ].join(',');
  const everyFrame = atLeast(version, 5, 1) ? '-fps_mode' : '-vsync';
  const { args, stdin } = fed ? fedInput(fed) : input(source, version);
  return {
    args: [
      ...[
        '-nostdin',
        '-hide_banner',
        ...(watched ? ['-nostats', '-loglevel', 'level+info'] : ['-loglevel', 'warning']),
      ],
      ...(hardware ? hardwareOptions(hardware.decoder, hardware.codec) : []),
      ...decoderThreads(isLive(source), fed, watched),
      ...args,
      ...['-map', '0:v:0', '-an', '-sn', '-dn', '-vf', filters, everyFrame, 'passthrough'],
      // One thread, of the output: by default even raw frames are "encoded" by several, which keep one frame back.
      ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-threads', '1', 'pipe:1'],
    ],
    stdin,
  };
}

// The resize that agrees with the one of training (src/method/images/image.ts) to a fifth of a grey level.
const RESIZE = 'flags=bilinear+accurate_rnd+full_chroma_int';

/** The same as `placement` and `framePicture` of src/method/images/framing.ts; ffmpeg alone knows how large the pictures are. */
function frameFilters({ size: [height, width], aspect }: Framing): string[] {
  if (aspect === undefined) return [`scale=${width}:${height}:${RESIZE}`];
  const ratio = `iw/ih/${aspect}`;
  const [narrow, wide] = [`lt(${ratio},1/${LIKE})`, `gt(${ratio},${LIKE})`];
  return [
    `scale=w='if(${narrow},max(1,round(${width}*${ratio})),${width})':h='if(${wide},max(1,round(${height}/(${ratio}))),${height})':${RESIZE}`,
    'format=rgb24',
    `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2:0x${Buffer.from(PADDING).toString('hex')}`,
  ];
}

/**
 * Threads that had a frame each would keep it back for one frame more, and speak of damage before the frames that come
 * first; so they share the slices of one frame, if it has several. But what is missing of H.264 is noticed by a decoder
 * of one thread alone (libavcodec's `enable_er`), and H.265's never notices.
 */
function decoderThreads(live: boolean, fed: FedFormat | undefined, watched = false): string[] {
  if (watched && fed !== 'hevc') return ['-threads', '1'];
  return live ? ['-thread_type', 'slice'] : [];
}

function selection(passes: string | undefined, watched = false): string[] {
  if (watched) return [markedSelect(passes)];
  return passes === undefined ? [] : [`select='${passes}'`];
}

/** Whether a source shows the present, so that its first frames may be broken ones. */
export function isLive({ kind }: StreamSource | FolderSource): boolean {
  return kind !== 'file' && kind !== 'folder';
}

/** Whether a source goes on for ever, so that its end is a loss. */
export function isEndless(source: StreamSource | FolderSource): boolean {
  return source.kind === 'file' || source.kind === 'folder' ? source.loop === true : true;
}

function input(source: StreamSource, version: FfmpegVersion): Command {
  switch (source.kind) {
    case 'rtsp':
      return networkInput(source.url, { ...probing, rtsp_transport: source.transport ?? 'tcp' }, version);
    case 'mjpeg':
      return networkInput(source.url, probing, version);
    case 'v4l2': {
      const size = source.size ? ['-video_size', source.size.join('x')] : [];
      const rate = source.inputFps ? ['-framerate', String(source.inputFps)] : [];
      return { args: ['-f', 'v4l2', ...size, ...rate, '-i', source.device] };
    }
    case 'file': {
      const loop = source.loop ? ['-stream_loop', '-1'] : [];
      const pace = source.realtime === false ? [] : ['-re'];
      // The protocol's name keeps a path such as `-a.mp4` or `part:3.mp4` from being read as something else.
      return { args: [...loop, ...pace, '-i', `file:${source.path}`] };
    }
  }
}

/**
 * What is probed of a network source is its codec and size alone. By default ffmpeg also waits for 20 frames to guess
 * their rate, and for some more to guess their delay: two seconds at ten frames a second, and for ever at one.
 */
const probing = { fpsprobesize: 0, max_ts_probe: 0 };

const probingArguments = Object.entries(probing).flatMap(([name, value]) => [`-${name}`, String(value)]);

/** Pictures without times of their own. */
function fedInput(format: FedFormat): Command {
  return { args: ['-use_wallclock_as_timestamps', '1', ...probingArguments, '-f', format, '-i', 'pipe:0'] };
}

/**
 * Frames get the time of their arrival: cameras' clocks jump, and MJPEG has none. There is no time limit here, since
 * its option changed its meaning over ffmpeg's versions; the camera watches the frames instead. Nor is there
 * `nobuffer`: it drops what ffmpeg read while it probed, and the first frame waits for one more key frame.
 *
 * @param options for the demuxer of the source itself, which only the playlist's `option` reaches (ffmpeg 5.0)
 */
function networkInput(
  url: string,
  options: Readonly<Record<string, string | number>>,
  version: FfmpegVersion,
): Command {
  const lines = Object.entries(options).map(([name, value]) => `option ${name} ${value}\n`);
  return {
    args: [
      ...['-use_wallclock_as_timestamps', '1', '-fflags', 'discardcorrupt'],
      ...probingArguments,
      ...['-protocol_whitelist', 'pipe,rtsp,rtp,udp,tcp,http,https,tls,crypto'],
      ...['-f', 'concat', '-safe', '0', '-i', 'pipe:0'],
    ],
    stdin: `ffconcat version 1.0\nfile '${escapeUrl(readAddress(url)?.whole ?? url)}'\n${atLeast(version, 5) ? lines.join('') : ''}`,
  };
}

/** Percent-encodes what could end the playlist's line or quotation, or what keeps a log from being redacted. */
function escapeUrl(url: string): string {
  return url.replace(
    /[\0-\x20"'<>\\\x7f]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/**
 * An expression of `select` that passes at most `fps` frames a second: each passed frame moves the time from which the
 * next may pass (variable 0) on by a period. Unlike ffmpeg's `fps` it never repeats a frame, and a clock set back does
 * not stop it.
 */
function rateCap(fps: number): string {
  const period = `1/${fps}`;
  return `if(gte(t,ld(0))+lt(t,ld(0)-${period}),st(0,clip(ld(0)+${period},t,t+${period})),0)`;
}
