/**
 * The 8-connected regions of a mask.
 *
 * @param mask height x width; everything but 0 belongs to a region
 * @returns for each region the positions of its pixels in `mask`
 */
export function connectedRegions(mask: Uint8Array, [height, width]: readonly [number, number]): number[][] {
  const seen = new Uint8Array(mask.length);
  const regions: number[][] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || seen[start]) continue;
    seen[start] = 1;
    // The list of found pixels is also the queue of those whose neighbours are still to be visited.
    const region = [start];
    for (const pixel of region) {
      const [row, column] = [Math.floor(pixel / width), pixel % width];
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
          const neighbour = y * width + x;
          if (mask[neighbour] === 0 || seen[neighbour]) continue;
          seen[neighbour] = 1;
          region.push(neighbour);
        }
      }
    }
    regions.push(region);
  }
  return regions;
}
