/** One picture from a camera, at the model's input size. */
export interface Frame {
  /** Name of the camera in the configuration. */
  readonly camera: string;
  /** Counts the frames of this camera since the daemon started, from 0. */
  readonly sequence: number;
  /** When the whole frame had arrived, milliseconds since the epoch. */
  readonly time: number;
  readonly width: number;
  readonly height: number;
  /** RGB, 8 bits, height x width x 3. */
  readonly pixels: Uint8Array;
}
