/**
 * Receiver operating characteristic against one set of negatives, exact with ties: equal scores are passed together, on
 * a straight line. Negatives are sorted once; each positive then takes two binary searches, so millions of pixels are
 * fine.
 */
export class RocReference {
  readonly #negatives: Float64Array | Float32Array;

  /** @param negatives scores of what is not anomalous, in any order, at least one */
  constructor(negatives: ArrayLike<number>) {
    // Numeric typed arrays sort natively. Single precision stays so: it takes half the memory.
    this.#negatives = negatives instanceof Float32Array ? negatives.slice() : Float64Array.from(negatives);
    this.#negatives.sort();
  }

  /**
   * Area that one positive of this score adds under the curve, up to a false positive rate of `limit`: the width that
   * is left to the right of where the falling threshold meets it. The mean over positives is the area under the curve.
   */
  areaOf(score: number, limit = 1): number {
    const total = this.#negatives.length;
    const before = (total - this.#countBelow(score, true)) / total;
    const after = (total - this.#countBelow(score, false)) / total;
    if (before >= limit) return 0;
    if (after <= limit) return limit - (before + after) / 2;
    // Detected along the tie, of which only the part up to the limit counts.
    return (limit - before) ** 2 / (after - before) / 2;
  }

  /** Negatives below the score, or not above it when `inclusive`. */
  #countBelow(score: number, inclusive: boolean): number {
    let low = 0;
    let high = this.#negatives.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const value = this.#negatives[middle];
      if (value < score || (inclusive && value === score)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Area under the receiver operating characteristic: the chance that a positive scores above a negative, ties counting
 * half.
 *
 * @returns null without positives or without negatives
 */
export function auroc(positives: ArrayLike<number>, negatives: ArrayLike<number>): number | null {
  if (positives.length === 0 || negatives.length === 0) return null;
  const reference = new RocReference(negatives);
  let area = 0;
  for (let i = 0; i < positives.length; i++) area += reference.areaOf(positives[i]);
  return area / positives.length;
}
