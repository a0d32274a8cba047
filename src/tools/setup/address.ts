import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { KdadError } from '../../common/errors.js';
import type { CameraSource } from '../../line/camera/settings.js';

/** A camera as people name it: an address, a device, a video or a folder. */
export interface Address {
  readonly source: CameraSource;
  /** The password in the address, which `source` holds no more: `PASSWORD` stands in its place. */
  readonly password?: string;
}

/** Stands for the password in the address of a source. */
export const PASSWORD = '\u0000password\u0000';

/**
 * Finds out what kind of camera an address means.
 * @throws KdadError USAGE when it means none
 */
export async function parseAddress(address: string): Promise<Address> {
  if (/^rtsps?:\/\/./i.test(address)) return withoutPassword(address, (url) => ({ kind: 'rtsp', url }));
  if (/^https?:\/\/./i.test(address)) return withoutPassword(address, (url) => ({ kind: 'mjpeg', url }));
  if (/^\/dev\//.test(address)) return { source: { kind: 'v4l2', device: address } };
  const path = resolve(address);
  const info = await stat(path).catch(() => undefined);
  if (info?.isDirectory()) return { source: { kind: 'folder', path, loop: true } };
  if (info?.isFile()) return { source: { kind: 'file', path, loop: true } };
  throw new KdadError(
    'USAGE',
    `camera ${address}: expected rtsp://..., http://..., /dev/video..., a video file or a folder of pictures that exists`,
  );
}

function withoutPassword(url: string, make: (url: string) => CameraSource): Address {
  const [, before, password, after] = /^([a-z]+:\/\/[^/@:]+:)(.*)(@[^@/]+(?:\/.*)?)$/i.exec(url) ?? [];
  return password ? { source: make(`${before}${PASSWORD}${after}`), password } : { source: make(url) };
}
