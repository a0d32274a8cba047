/** A decoded picture: RGB, 8 bits, height x width x 3. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}
