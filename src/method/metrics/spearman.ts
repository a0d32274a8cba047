/**
 * Spearman's rank correlation, ties taking their mean rank.
 *
 * @returns -1 to 1; null where either side is constant or has fewer than two values
 */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const [x, y] = [ranks(a), ranks(b)];
  // Ranks always average to this.
  const mean = (x.length + 1) / 2;
  let [covariance, varianceX, varianceY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    covariance += (x[i] - mean) * (y[i] - mean);
    varianceX += (x[i] - mean) ** 2;
    varianceY += (y[i] - mean) ** 2;
  }
  return varianceX === 0 || varianceY === 0 ? null : covariance / Math.sqrt(varianceX * varianceY);
}

/** Ranks from 1. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const result = new Float64Array(values.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (const i of order.slice(start, end)) result[i] = (start + 1 + end) / 2;
  }
  return result;
}
