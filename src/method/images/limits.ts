/** Takes 300 MB once decoded. */
const maxPixels = 100_000_000;
/** No sensor is longer; JPEG ends at 65,535. */
const maxSide = 32_768;
/** Between the sides: a longer strip, brought to the detector's size, shows nothing any more. */
const maxRatio = 100;
/** An uncompressed picture of the most pixels, in 16 bits and four channels, has 800 MB. */
export const maxFileBytes = 1e9;

/** Small files that claim large pictures (decompression bombs) are refused before memory is taken. @throws Error */
export function checkSize(width: number, height: number): void {
  const [shorter, longer] = [Math.min(width, height), Math.max(width, height)];
  const problem =
    width * height > maxPixels
      ? `more than ${maxPixels / 1e6} megapixels`
      : longer > maxSide
        ? `a side of more than ${maxSide} pixels`
        : longer > maxRatio * shorter
          ? `one side is more than ${maxRatio} times as long as the other`
          : undefined;
  if (problem) throw new Error(`too large: ${width}x${height} pixels; ${problem}`);
}
