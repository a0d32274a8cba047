/**
 * The value below which `share` of the values lie, between the two nearest where need be (Hyndman and Fan's type 7, as
 * in NumPy and R).
 * @throws RangeError for no values
 */
export function quantile(values: ArrayLike<number>, share: number): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  return below + (place % 1) * (sorted[Math.ceil(place)] - below);
}

/** Of at least one value; between the two in the middle where their number is even. */
export const median = (values: ArrayLike<number>): number => quantile(values, 0.5);

/** Makes the median of absolute deviations a standard deviation, were the values normal. */
export const NORMAL = 1.4826;

/** The median of absolute deviations from the median (MAD): a spread that a few outliers do not move. */
export function medianDeviation(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle)));
}
