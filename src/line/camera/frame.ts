import type { Moment } from '../../common/clock.js';

/** One picture from a camera, at the model's input size; its times are when all of it had arrived. */
export interface Frame extends Moment {
  /** Name of the camera in the configuration. */
  readonly camera: string;
  /** Counts the frames of this camera since the daemon started, from 0. */
  readonly sequence: number;
  readonly width: number;
  readonly height: number;
  /** RGB, 8 bits, height x width x 3. */
  readonly pixels: Uint8Array;
}
