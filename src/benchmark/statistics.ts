/** The value below which `share` of the values lie, between two of them where need be. @throws RangeError for no values */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  return below + (place % 1) * (sorted[Math.ceil(place)] - below);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** To so many digits behind the point. */
export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));
