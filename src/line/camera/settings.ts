import type { Codec, Decoder } from './codec.js';
import type { View } from './view.js';

/** A network camera that speaks RTSP. */
export interface RtspSource {
  readonly kind: 'rtsp';
  /** `rtsp://` or `rtsps://`, credentials included where the camera asks for them. */
  readonly url: string;
  /** TCP (the default) loses no packets; UDP is for cameras that offer nothing else. */
  readonly transport?: 'tcp' | 'udp';
}

/** A camera that the kernel knows: USB, CSI. */
export interface V4l2Source {
  readonly kind: 'v4l2';
  /** The device file, say `/dev/video0`. */
  readonly device: string;
  /** Width and height in pixels to ask of the device; it chooses when absent. */
  readonly size?: readonly [number, number];
  /** Frames per second to ask of the device; it chooses when absent. */
  readonly inputFps?: number;
}

/** JPEGs over HTTP: a stream of them (multipart/x-mixed-replace), or one for each request. */
export interface MjpegSource {
  readonly kind: 'mjpeg';
  /** `http://` or `https://`, credentials included where the camera asks for them. */
  readonly url: string;
}

/** A recorded video. */
export interface FileSource {
  readonly kind: 'file';
  readonly path: string;
  /** Begin again at the end; false by default, and the camera ends with the file. */
  readonly loop?: boolean;
  /** Play at the recorded speed (the default) rather than as fast as it decodes. */
  readonly realtime?: boolean;
}

/** A folder of PNG, JPEG, BMP, WebP and TIFF pictures of any sizes, played in the order of their names. */
export interface FolderSource {
  readonly kind: 'folder';
  readonly path: string;
  /** Begin again at the end; false by default, and the camera ends with the last picture. */
  readonly loop?: boolean;
}

/** Where the frames of a camera come from. */
export type CameraSource = RtspSource | V4l2Source | MjpegSource | FileSource | FolderSource;

/** One camera of the configuration. */
export interface CameraSettings extends View {
  /** Unique among the cameras; it appears in topics, metrics and logs. */
  readonly name: string;
  readonly source: CameraSource;
  /** At most so many frames a second are judged. Absent: as many as the source gives (a folder: `defaultFolderFps`). */
  readonly fps?: number;
  /** Milliseconds without a frame after which a live source counts as lost; `defaultStallTimeout` when absent. */
  readonly stallTimeout?: number;
  /** Milliseconds that the first frame after a connection may take; `defaultFirstFrameTimeout` when absent. */
  readonly firstFrameTimeout?: number;
  /** Milliseconds after a connection in which frames are not judged; `defaultSettle` for live sources when absent. */
  readonly settle?: number;
  /** Hardware that decodes, and for what; the processor when absent. */
  readonly hardware?: { readonly decoder: Decoder; readonly codec: Codec };
}

export const defaultFolderFps = 1;
/** Pictures a second of a camera that gives one for each request. */
export const defaultSnapshotFps = 1;
export const defaultStallTimeout = 20_000;
export const defaultFirstFrameTimeout = 10_000;
/** Until a key frame has come and the camera has found its exposure, frames look like defects. */
export const defaultSettle = 500;
