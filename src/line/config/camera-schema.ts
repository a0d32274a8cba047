import { z } from 'zod';
import { codecs } from '../camera/codec.js';
import { defaultFirstFrameTimeout, defaultFolderFps, defaultSettle, defaultStallTimeout } from '../camera/settings.js';
import { duration } from './duration.js';
import { configuredReview, configuredThreshold } from './threshold.js';
import { number, path, restarts, url, whole } from './values.js';

/** Pixels of a picture's side. */
const side = whole(16, 16_384);
/** Frames a second. */
const rate = number(0.001, 1000);

const rtsp = z.strictObject({
  kind: z.literal('rtsp').describe('A network camera that speaks RTSP.'),
  url: url(['rtsp', 'rtsps']).describe('Address, with user and password if the camera needs them.'),
  transport: z
    .enum(['tcp', 'udp'])
    .default('tcp')
    .describe(
      '`tcp` loses no packets; `udp` is for cameras that offer nothing else. ffmpeg reads UDP, `rtsps`, and codecs other than H.264 and H.265, and delivers each frame one frame later.',
    ),
});

const v4l2 = z.strictObject({
  kind: z.literal('v4l2').describe('A camera that the Linux kernel knows, for example USB or CSI.'),
  device: path.describe('Device file, for example `/dev/video0`.'),
  size: z
    .tuple([side, side])
    .optional()
    .describe('Width and height to request from the device, for example `[1280, 720]`.'),
  inputFps: rate.optional().describe('Frames per second to request from the device.'),
});

const mjpeg = z.strictObject({
  kind: z
    .literal('mjpeg')
    .describe(
      'JPEG pictures over HTTP: a stream, or one picture for each request. A camera of the second kind is asked `fps` times a second, or once a second without `fps`.',
    ),
  url: url(['http', 'https']).describe('Address, with user and password if the camera needs them.'),
});

const file = z.strictObject({
  kind: z.literal('file').describe('A recorded video.'),
  path: path.describe('The video.'),
  loop: z.boolean().default(false).describe('Start again at the end. Without it, the camera ends with the file.'),
  realtime: z
    .boolean()
    .default(true)
    .describe(
      'Play at the recorded speed. With `false`, play as fast as the file decodes; frames that come too fast are dropped.',
    ),
});

const folder = z.strictObject({
  kind: z.literal('folder').describe('A folder of pictures, played in order of their names.'),
  path: path.describe('The folder.'),
  loop: z
    .boolean()
    .default(false)
    .describe('Start again at the end. Without it, the camera ends with the last picture.'),
});

const part = number(0, 1);
/** Less of a picture may be no pixel. */
const extent = number(0.01, 1);

const crop = z
  .strictObject({
    left: part.default(0).describe('Left edge of the part.'),
    top: part.default(0).describe('Top edge of the part.'),
    width: extent.default(1).describe('Width of the part.'),
    height: extent.default(1).describe('Height of the part.'),
  })
  .refine(({ left, width }) => left + width <= 1.000001, { path: ['width'], message: 'expected at most 1 - left' })
  .refine(({ top, height }) => top + height <= 1.000001, { path: ['height'], message: 'expected at most 1 - top' });

const trigger = z.union(
  [
    z.enum(['continuous', 'command']),
    z.strictObject({
      every: duration('1ms', '168h').describe('Judge only the first frame of each interval of this length.'),
    }),
  ],
  'expected continuous, command or { every: 10s }',
);

/** One camera of the configuration: where its frames come from, what is looked at, and how. */
export const camera = z
  .strictObject({
    name: z
      .string()
      .max(64)
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'expected letters, digits, - and _ only (it is part of MQTT topics)')
      .describe('Unique name, of letters, digits, `-` and `_`. Topics, metrics and logs use it.'),
    source: z
      .discriminatedUnion('kind', [rtsp, v4l2, mjpeg, file, folder], {
        error: (issue) => (issue.code === 'invalid_union' ? 'expected rtsp, v4l2, mjpeg, file or folder' : undefined),
      })
      .describe('Where the frames come from.'),
    fps: rate
      .optional()
      .describe(`The most frames to judge in a second. Without it, all of them (for a folder ${defaultFolderFps}).`),
    rotate: z
      .literal([0, 90, 180, 270])
      .default(0)
      .describe('Turn the picture clockwise by this many degrees, before anything else.'),
    crop: crop
      .optional()
      .describe('The part of the picture to inspect, as fractions of its width and height. Train on the same part.'),
    ignore: z
      .array(
        z
          .array(z.tuple([part, part]))
          .min(3, 'expected at least three corners')
          .max(100),
      )
      .max(100)
      .optional()
      .describe(
        "Areas that never count. Each is a list of corners `[x, y]`, as fractions of the turned and cropped picture, for example `[[0, 0], [0.2, 0], [0, 0.2]]`. Some part must be left that counts. With `ignore`, the padding around a picture of another shape than the model's does not count either.",
      )
      .meta(restarts('no')),
    trigger: trigger
      .prefault('continuous')
      .describe(
        'Which frames are judged: all (`continuous`), one in each interval (`{ every: 10s }`), or only those requested over MQTT (`command`, see mqtt.md). The camera stays connected; frames that are not judged are counted. `alert` counts judged frames only.',
      ),
    model: path
      .optional()
      .describe('The model of this camera, if it watches another product. Every model has its own process.'),
    threshold: configuredThreshold
      .optional()
      .describe('The threshold of this camera, instead of the one for all cameras.')
      .meta(restarts('no')),
    review: configuredReview
      .optional()
      .describe('The review band of this camera, instead of the one for all cameras.')
      .meta(restarts('no')),
    stallTimeout: duration('100ms', '24h')
      .prefault(`${defaultStallTimeout / 1000}s`)
      .describe('A source that sends no frame for this long is lost.'),
    firstFrameTimeout: duration('100ms', '1h')
      .prefault(`${defaultFirstFrameTimeout / 1000}s`)
      .describe('The same limit for the first frame after a connection.'),
    decoder: z
      .enum(['none', 'auto', 'cuda', 'jetson', 'jetson-nvmpi', 'jetson-v4l2m2m', 'vaapi'])
      .default('none')
      .describe(
        'Hardware that decodes the video. `auto` uses what decodes a second of video here. If the requested hardware does not, the CPU decodes; log and metrics say so.',
      ),
    codec: z
      .enum(codecs)
      .default('h264')
      .describe('The codec that the camera sends. Only a hardware decoder needs it.'),
    settle: duration('0ms', '1h')
      .prefault(`${defaultSettle}ms`)
      .describe(
        'Do not judge frames of a live source for this long after a connection: the first ones are often broken.',
      ),
  })
  .refine(({ source, fps, stallTimeout }) => source.kind === 'folder' || !fps || 1000 / fps < stallTimeout, {
    path: ['fps'],
    message:
      'expected more than one frame within stallTimeout, else the camera counts as lost: trigger.every judges less often',
  });
