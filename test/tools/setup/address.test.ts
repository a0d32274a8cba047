import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/tools/setup/address.js';
import { folderWith } from '../../fixtures/folder.js';

describe('an address is understood', () => {
  it('as a stream by its scheme', async () => {
    expect(await parseAddress('rtsp://camera/1')).toEqual({ source: { kind: 'rtsp', url: 'rtsp://camera/1' } });
    expect(await parseAddress('https://camera/1')).toEqual({ source: { kind: 'mjpeg', url: 'https://camera/1' } });
  });

  it('as a device, a video or a folder', async () => {
    const folder = await folderWith({ 'line.mp4': '' });
    const video = join(folder, 'line.mp4');
    expect(await parseAddress('/dev/video7')).toEqual({ source: { kind: 'v4l2', device: '/dev/video7' } });
    expect(await parseAddress(video)).toEqual({ source: { kind: 'file', path: video, loop: true } });
    expect(await parseAddress(folder)).toEqual({ source: { kind: 'folder', path: folder, loop: true } });
  });

  it('or refused with what was expected', async () => {
    await expect(parseAddress('camera.local')).rejects.toMatchObject({ code: 'USAGE', message: /expected rtsp/ });
  });
});
