import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Decoder } from '../../../../src/line/camera/codec.js';
import { decodeCommand } from '../../../../src/line/camera/ffmpeg/command.js';
import type { Ffmpeg } from '../../../../src/line/camera/ffmpeg/ffmpeg.js';
import { chooseDecoder } from '../../../../src/line/camera/ffmpeg/hardware.js';
import { folderWith } from '../../../fixtures/folder.js';
import { realFfmpegs } from '../ffmpegs.js';

const [real] = await realFfmpegs();
const output =
  '-map 0:v:0 -an -sn -dn -vf scale=64:48:flags=bilinear+accurate_rnd+full_chroma_int -fps_mode passthrough -f rawvideo -pix_fmt rgb24 -threads 1 pipe:1';

/** The real ffmpeg, but the only hardware that it has is this one; which it then leaves out. */
async function ffmpegWith(decoder: Decoder): Promise<Ffmpeg> {
  const path = join(await folderWith(), 'ffmpeg');
  const has = {
    none: '@',
    cuda: 'hwaccel cuda',
    vaapi: 'hwaccel vaapi',
    'jetson-nvmpi': 'nvmpi',
    'jetson-v4l2m2m': 'v4l2m2m',
  };
  await writeFile(
    path,
    `#!/bin/bash
for asked in cuda vaapi nvmpi v4l2m2m; do
  case "$*" in
    *"${has[decoder]}"*) ;;
    *"$asked "*) echo "no $asked here" >&2; exit 1 ;;
  esac
done
arguments=()
while [ $# -gt 0 ]; do
  case "$1" in
    -hwaccel|-hwaccel_device|-c:v) shift 2 ;;
    *) arguments+=("$1"); shift ;;
  esac
done
exec "${real.path}" "\${arguments[@]}"
`,
  );
  await chmod(path, 0o755);
  return { ...real, path };
}

describe('hardware decoders', () => {
  it.each([
    ['none', 'h264', ''],
    ['cuda', 'h264', '-hwaccel cuda '],
    ['vaapi', 'hevc', '-hwaccel vaapi -hwaccel_device /dev/dri/renderD128 '],
    ['jetson-nvmpi', 'h264', '-c:v h264_nvmpi '],
    ['jetson-nvmpi', 'hevc', '-c:v hevc_nvmpi '],
    ['jetson-v4l2m2m', 'h264', '-c:v h264_v4l2m2m '],
    ['jetson-v4l2m2m', 'hevc', '-c:v hevc_v4l2m2m '],
  ] as const)('%s for %s: the whole command', (decoder, codec, options) => {
    const version = { major: 5, minor: 1 };
    const { args } = decodeCommand(
      { kind: 'file', path: 'a.mp4' },
      { size: [48, 64], version, hardware: { decoder, codec } },
    );
    expect(args.join(' ')).toBe(`-nostdin -hide_banner -loglevel warning ${options}-re -i file:a.mp4 ${output}`);
  });

  it.each(['h264', 'hevc'] as const)('auto takes what decodes a second of %s', async (codec) => {
    for (const decoder of ['cuda', 'jetson-v4l2m2m', 'vaapi'] as const) {
      const chosen = await chooseDecoder('auto', codec, await ffmpegWith(decoder));
      expect(chosen).toMatchObject({ decoder, fellBack: false });
    }
  });

  it('jetson takes the one of its two that is there', async () => {
    const chosen = await chooseDecoder('jetson', 'h264', await ffmpegWith('jetson-v4l2m2m'));
    expect(chosen.decoder).toBe('jetson-v4l2m2m');
    expect(chosen.failures).toEqual(['jetson-nvmpi: ffmpeg exited with 1: no nvmpi here']);
  });

  it('falls back to the processor, and says whether that was asked for', async () => {
    const none = await ffmpegWith('none');
    const auto = await chooseDecoder('auto', 'h264', none);
    expect(auto).toMatchObject({ decoder: 'none', fellBack: false });
    expect(auto.failures).toHaveLength(4);
    const cuda = await chooseDecoder('cuda', 'h264', none);
    expect(cuda).toEqual({ decoder: 'none', failures: ['cuda: ffmpeg exited with 1: no cuda here'], fellBack: true });
  });

  it('is not asked where the processor is to decode', async () => {
    const nothing = { ...real, path: '/nothing/here' };
    expect(await chooseDecoder('none', 'h264', nothing)).toEqual({ decoder: 'none', failures: [], fellBack: false });
  });
});
