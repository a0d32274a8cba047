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
  url: url(['rtsp', 'rtsps']).describe('Address, with user and password where the camera asks for them.'),
  transport: z
    .enum(['tcp', 'udp'])
    .default('tcp')
    .describe(
      'TCP loses no packets; UDP is for cameras that offer nothing else. With UDP, and with `rtsps` and codecs other than H.264 and H.265, frames come one later; TCP is for certain there from ffmpeg 5.0 on.',
    ),
});

const v4l2 = z.strictObject({
  kind: z.literal('v4l2').describe('A camera that the kernel knows: USB, CSI.'),
  device: path.describe('Device file, say `/dev/video0`.'),
  size: z.tuple([side, side]).optional().describe('Width and height to ask of the device, say `[1280, 720]`.'),
  inputFps: rate.optional().describe('Frames per second to ask of the device.'),
});

const mjpeg = z.strictObject({
  kind: z
    .literal('mjpeg')
    .describe(
      'JPEGs over HTTP: a stream of them, or one for each request, which is asked for as often as `fps` says (once a second without it).',
    ),
  url: url(['http', 'https']).describe('Address, with user and password where the camera asks for them.'),
});

const file = z.strictObject({
  kind: z.literal('file').describe('A recorded video.'),
  path: path.describe('The video.'),
  loop: z.boolean().default(false).describe('Begin again at the end; otherwise the camera ends with the file.'),
  realtime: z
    .boolean()
    .default(true)
    .describe(
      'Play at the recorded speed; otherwise as fast as it decodes, and frames that come too fast are dropped.',
    ),
});

const folder = z.strictObject({
  kind: z.literal('folder').describe('A folder of pictures, played in the order of their names.'),
  path: path.describe('The folder.'),
  loop: z.boolean().default(false).describe('Begin again at the end; otherwise the camera ends with the last picture.'),
});

const part = number(0, 1);
/** Less of a picture may be no pixel. */
const extent = number(0.01, 1);

const crop = z
  .strictObject({
    left: part.default(0).describe('Where it begins from the left ...'),
    top: part.default(0).describe('... and from the top.'),
    width: extent.default(1).describe('How wide it is ...'),
    height: extent.default(1).describe('... and how high.'),
  })
  .refine(({ left, width }) => left + width <= 1.000001, { path: ['width'], message: 'expected at most 1 - left' })
  .refine(({ top, height }) => top + height <= 1.000001, { path: ['height'], message: 'expected at most 1 - top' });

const trigger = z.union(
  [
    z.enum(['continuous', 'command']),
    z.strictObject({
      every: duration('1ms', '168h').describe(
        'The first frame of each interval of this length is judged, and no other.',
      ),
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
      .describe('Unique name, of letters, digits, `-` and `_`; it appears in topics, metrics and logs.'),
    source: z
      .discriminatedUnion('kind', [rtsp, v4l2, mjpeg, file, folder], {
        error: (issue) => (issue.code === 'invalid_union' ? 'expected rtsp, v4l2, mjpeg, file or folder' : undefined),
      })
      .describe('Where the frames come from.'),
    fps: rate
      .optional()
      .describe(
        `At most so many frames a second are judged; all of them when absent (of a folder ${defaultFolderFps}).`,
      ),
    rotate: z
      .literal([0, 90, 180, 270])
      .default(0)
      .describe('The picture is turned clockwise by so many degrees, before anything else.'),
    crop: crop
      .optional()
      .describe(
        'The part of the picture that is looked at, in parts of its width and height, from 0 to 1. Train on the same part.',
      ),
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
        "Areas that never count, each a list of corners `[x, y]` in parts of the (turned and cut) picture, say `[[0, 0], [0.2, 0], [0, 0.2]]`. They have to leave a part that counts; the padding around a picture of another shape than the model's does not count then, either.",
      )
      .meta(restarts('no')),
    trigger: trigger
      .prefault('continuous')
      .describe(
        'Which frames are judged: all of them (`continuous`), one of each interval (`{ every: 10s }`), or only those asked for over MQTT (`command`, see mqtt.md). The camera stays connected; frames not judged are counted. `alert` counts judged frames only.',
      ),
    model: path
      .optional()
      .describe(
        'The model that judges this camera, where it looks at another product. Every model has a process of its own.',
      ),
    threshold: configuredThreshold
      .optional()
      .describe("The camera's own threshold, instead of the one for all cameras.")
      .meta(restarts('no')),
    review: configuredReview
      .optional()
      .describe("The camera's own `review`, instead of the one for all cameras.")
      .meta(restarts('no')),
    stallTimeout: duration('100ms', '24h')
      .prefault(`${defaultStallTimeout / 1000}s`)
      .describe('A source that sends no frame for so long counts as lost.'),
    firstFrameTimeout: duration('100ms', '1h')
      .prefault(`${defaultFirstFrameTimeout / 1000}s`)
      .describe('The same for the first frame after a connection.'),
    decoder: z
      .enum(['none', 'auto', 'cuda', 'jetson', 'jetson-nvmpi', 'jetson-v4l2m2m', 'vaapi'])
      .default('none')
      .describe(
        'Hardware that decodes the video: `auto` takes what decodes a second of video here; where the one asked for does not, the processor decodes, and log and metrics say so.',
      ),
    codec: z.enum(codecs).default('h264').describe('What the camera sends; only a hardware decoder needs to know.'),
    settle: duration('0ms', '1h')
      .prefault(`${defaultSettle}ms`)
      .describe(
        'Frames of a live source are not judged for so long after a connection: the first ones are often broken.',
      ),
  })
  .refine(({ source, fps, stallTimeout }) => source.kind === 'folder' || !fps || 1000 / fps < stallTimeout, {
    path: ['fps'],
    message:
      'expected more than one frame within stallTimeout, else the camera counts as lost: trigger.every judges less often',
  });
