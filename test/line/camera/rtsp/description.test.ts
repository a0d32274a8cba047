import { describe, expect, it } from 'vitest';
import { readDescription, readMedia } from '../../../../src/line/camera/rtsp/description.js';

const session = ['v=0', 'o=- 1 1 IN IP4 10.0.0.5', 's=camera', 'a=control:*', 't=0 0'];
const read = (...media: string[]) => readDescription([...session, ...media, ''].join('\r\n'));

describe('the description of a session', () => {
  it('tells of H.264, beside sound', () => {
    const video = read(
      'm=audio 0 RTP/AVP 0',
      'a=control:trackID=1',
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'a=fmtp:96 packetization-mode=1; profile-level-id=640028;sprop-parameter-sets=Z2QAKA==,aO48sA==',
      'a=control:trackID=2',
      'm=application 0 RTP/AVP 107',
      'a=control:trackID=3',
    );
    expect(video).toEqual({
      codec: 'h264',
      payloadType: 96,
      session: '*',
      control: 'trackID=2',
      parameterSets: [Buffer.from('67640028', 'hex'), Buffer.from('68ee3cb0', 'hex')],
    });
  });

  it('tells of H.265', () => {
    const video = read(
      'm=video 0 RTP/AVP 98',
      'a=control:rtsp://10.0.0.5/video',
      'a=rtpmap:98 h265/90000',
      'a=fmtp:98 sprop-vps=QAE=;sprop-sps=QgE=;sprop-pps=RAE=',
    );
    expect(video).toEqual({
      codec: 'hevc',
      payloadType: 98,
      session: '*',
      control: 'rtsp://10.0.0.5/video',
      parameterSets: ['4001', '4201', '4401'].map((hex) => Buffer.from(hex, 'hex')),
    });
  });

  it.each([
    ['blanks', 'm=video  0  RTP/AVP  96', 'a=rtpmap: 96  h264/90000'],
    ['several formats', 'm=video 0 RTP/AVP 26 96 97', 'a=rtpmap:96 H264/90000'],
    ['another profile', 'm=video 0 RTP/AVPF 96', 'a=rtpmap:96 H264/90000'],
    ['a format without a blank', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=fmtp:96packetization-mode=1'],
    ['a port', 'm=video 49170/2 RTP/AVP 96', 'a=rtpmap:96 H264'],
  ])('may be written with %s', (_, ...media) => {
    expect(read(...media)).toMatchObject({ codec: 'h264', payloadType: 96 });
  });

  it('may end its lines anyhow, and be long', () => {
    for (const end of ['\n', '\r', '\r\r\n', '\r\n']) {
      const lines = [...session, 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'm=audio 0 RTP/AVP 0'];
      expect(readDescription(lines.join(end))).toMatchObject({ codec: 'h264' });
      expect(readMedia(lines.join(end))).toEqual(['video', 'audio']);
    }
    expect(readDescription('m=video 0 RTP/AVP 96\r\n'.repeat(30_000))).toBeUndefined();
  });

  it.each([
    ['no video', ['m=audio 0 RTP/AVP 0']],
    ['another codec', ['m=video 0 RTP/AVP 26']],
    ['one without a name', ['m=video 0 RTP/AVP 96']],
    ['interleaved units', ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=2']],
    ['reordered units', ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H265/90000', 'a=fmtp:96 sprop-max-don-diff=2']],
    ['encrypted packets', ['m=video 0 RTP/SAVP 96', 'a=rtpmap:96 H264/90000']],
    ['nothing at all', []],
  ])('leaves %s to ffmpeg', (_, media) => {
    expect(read(...media)).toBeUndefined();
  });
});
