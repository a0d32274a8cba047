/** Weights with which the inputs from `first` on make up one output. */
interface Taps {
  readonly first: number;
  readonly weights: Float32Array;
}

/**
 * Bilinear resize, antialiased when shrinking: the triangle filter that PIL calls BILINEAR and ffmpeg `bilinear`, with
 * pixel centres at half coordinates.
 *
 * @param source height x width x channels
 * @param from height and width of the source
 * @param to height and width of the result
 * @returns height x width x channels, not rounded
 */
export function resampleBilinear(
  source: Uint8Array | Float32Array,
  channels: number,
  from: readonly [number, number],
  to: readonly [number, number],
): Float32Array {
  // Rows first: that pass walks memory in order, and it sees the larger picture.
  const shortened = resampleRows(source, from[1] * channels, from[0], to[0]);
  return resampleColumns(shortened, channels, [to[0], from[1]], to[1]);
}

function resampleRows(
  source: Uint8Array | Float32Array,
  rowLength: number,
  height: number,
  newHeight: number,
): Float32Array {
  const result = new Float32Array(newHeight * rowLength);
  for (const [row, { first, weights }] of triangleFilter(height, newHeight).entries()) {
    const output = row * rowLength;
    for (let tap = 0; tap < weights.length; tap++) {
      const weight = weights[tap];
      const input = (first + tap) * rowLength;
      for (let i = 0; i < rowLength; i++) result[output + i] += weight * source[input + i];
    }
  }
  return result;
}

function resampleColumns(
  source: Float32Array,
  channels: number,
  [height, width]: readonly [number, number],
  newWidth: number,
): Float32Array {
  const taps = triangleFilter(width, newWidth);
  const result = new Float32Array(height * newWidth * channels);
  for (let row = 0, output = 0; row < height; row++) {
    for (const { first, weights } of taps) {
      for (let channel = 0; channel < channels; channel++, output++) {
        let sum = 0;
        let input = (row * width + first) * channels + channel;
        for (let tap = 0; tap < weights.length; tap++, input += channels) sum += weights[tap] * source[input];
        result[output] = sum;
      }
    }
  }
  return result;
}

/** A triangle around each output's centre, as wide as two inputs or, when shrinking, as two outputs. */
function triangleFilter(inputs: number, outputs: number): Taps[] {
  const scale = inputs / outputs;
  const reach = Math.max(scale, 1);
  return Array.from({ length: outputs }, (_, output) => {
    const centre = (output + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(inputs, Math.floor(centre + reach + 0.5));
    const weights = Float32Array.from({ length: end - first }, (_, tap) =>
      Math.max(0, 1 - Math.abs(first + tap + 0.5 - centre) / reach),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => weight / total) };
  });
}
