/**
 * The largest weight in steps. 63 instead of 127: processors without VNNI add pairs of products in 16 bits, which 127 x
 * 255 x 2 would exceed; so a bundle gives the same scores everywhere.
 */
const LARGEST = 63;

/**
 * A convolution's filter in integers, symmetric, with a scale for each output channel.
 * @param weights output channels first
 */
export function quantiseFilter(weights: Float32Array, channels: number): { data: Int8Array; scales: Float32Array } {
  const size = weights.length / channels;
  const data = new Int8Array(weights.length);
  const scales = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const own = weights.subarray(channel * size, (channel + 1) * size);
    const largest = own.reduce((max, weight) => Math.max(max, Math.abs(weight)), 0);
    const scale = Math.fround(largest / LARGEST) || 1;
    scales[channel] = scale;
    for (let i = 0; i < size; i++) data[channel * size + i] = Math.round(own[i] / scale);
  }
  return { data, scales };
}

/** A bias in the steps of the products that it is added to: activation step times weight scale. */
export function quantiseBias(bias: Float32Array, scales: Float32Array, step: number): Int32Array {
  return Int32Array.from(bias, (value, channel) => Math.round(value / (scales[channel] * step)));
}

/**
 * What rounding a filter adds to each output channel on average, so that the bias can take it away (bias correction,
 * Nagel et al. 2019, https://arxiv.org/abs/1906.04721).
 *
 * @param means of the input's channels
 */
export function meanErrors(
  weights: Float32Array,
  { data, scales }: ReturnType<typeof quantiseFilter>,
  means: Float32Array,
): Float32Array {
  const size = weights.length / scales.length;
  const area = size / means.length;
  return scales.map((scale, channel) => {
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const at = channel * size + i;
      sum += (data[at] * scale - weights[at]) * means[Math.floor(i / area)];
    }
    return sum;
  });
}
