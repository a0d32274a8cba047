/** Corners of an area, each as parts of the width and the height of the view, from 0 to 1. */
export type Polygon = readonly (readonly [x: number, y: number])[];

/**
 * The pixels that never count: those whose centre lies in one of the polygons (by the even-odd rule).
 *
 * @param size height and width of the anomaly map
 * @returns 1 for each pixel that is ignored, height x width
 */
export function ignoredPixels(polygons: readonly Polygon[], [height, width]: readonly [number, number]): Uint8Array {
  const ignored = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = [(x + 0.5) / width, (y + 0.5) / height] as const;
      if (polygons.some((polygon) => isInside(polygon, place))) ignored[y * width + x] = 1;
    }
  }
  return ignored;
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

/** Sets the ignored pixels of a map to 0, in place, and returns the largest value of the others: the score. */
export function scoreWithout(map: Float32Array, ignored: Uint8Array): number {
  let largest = 0;
  for (let i = 0; i < map.length; i++) {
    if (ignored[i]) map[i] = 0;
    else if (!(map[i] <= largest)) largest = map[i];
  }
  return largest;
}
