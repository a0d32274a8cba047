import { KdadError } from '../../common/errors.js';
import type { Size } from '../../method/detector/anomaly-map.js';
import type { Place } from '../../method/images/framing.js';

/** Corners of an area, each as parts of the width and the height of the picture, from 0 to 1. */
export type Polygon = readonly (readonly [x: number, y: number])[];

/** What of an anomaly map never counts. */
export interface Mask {
  /** 1 for each pixel that is ignored, height x width of `size`. */
  readonly pixels: Uint8Array;
  readonly size: Size;
  /** How much of the map is ignored, from 0 to less than 1. */
  readonly share: number;
}

/**
 * The pixels of a map that never count, of a picture that fills its frame: those whose centre lies in one of the
 * polygons (by the even-odd rule).
 *
 * @param size of the anomaly map that it is for, not of the frame
 * @throws KdadError CONFIG_INVALID when no pixel would count: a camera with such a mask would be blind
 */
export function maskOf(polygons: readonly Polygon[], size: Size): Mask {
  const [height, width] = size;
  const pixels = new Uint8Array(height * width);
  let count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = [(x + 0.5) / width, (y + 0.5) / height] as const;
      if (!polygons.some((polygon) => isInside(polygon, place))) continue;
      pixels[y * width + x] = 1;
      count++;
    }
  }
  if (count === pixels.length) {
    throw new KdadError(
      'CONFIG_INVALID',
      `the areas to ignore leave nothing of the anomaly map of ${width} x ${height}; expected a part of the picture that counts`,
    );
  }
  return { pixels, size, share: count / pixels.length };
}

/**
 * The same areas where the picture lies in a part of its frame, and the padding around it: a pixel counts when some of
 * the picture in it does. So what counts of a picture that fills the frame counts there, too, however small it is.
 *
 * @param frame height and width of what `place` is in
 */
export function placeMask({ pixels: drawn, size }: Mask, place: Place, frame: Size): Mask {
  const [height, width] = size;
  const [left, top] = [(place.left / frame[1]) * width, (place.top / frame[0]) * height];
  const pixels = new Uint8Array(height * width).fill(1);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(top + ((y + 0.5) / frame[0]) * place.height);
    for (let x = 0; x < width; x++) {
      const column = Math.floor(left + ((x + 0.5) / frame[1]) * place.width);
      if (!drawn[y * width + x]) pixels[row * width + column] = 0;
    }
  }
  const count = pixels.reduce((sum, one) => sum + one, 0);
  return { pixels, size, share: count / pixels.length };
}

/** Whether a ray from the place to the right crosses the outline an odd number of times. */
function isInside(polygon: Polygon, [x, y]: readonly [number, number]): boolean {
  let inside = false;
  for (const [i, [x1, y1]] of polygon.entries()) {
    const [x2, y2] = polygon[(i + 1) % polygon.length];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  }
  return inside;
}
