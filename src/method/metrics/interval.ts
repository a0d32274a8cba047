/** Lowest and highest probability that a count is compatible with. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * The exact confidence interval of a probability of which `successes` of `trials` were seen (Clopper and Pearson 1934):
 * outside of it, so few or so many would happen in less than half of what is left of `confidence`.
 *
 * @returns 0 to 1 without trials
 */
export function binomialInterval(successes: number, trials: number, confidence = 0.95): Interval {
  const tail = (1 - confidence) / 2;
  return {
    low: successes === 0 ? 0 : bisect((probability) => 1 - atMost(successes - 1, trials, probability) < tail),
    high: successes === trials ? 1 : bisect((probability) => atMost(successes, trials, probability) > tail),
  };
}

/** Probability of `successes` or fewer; summed in logarithms, for large numbers of trials. */
function atMost(successes: number, trials: number, probability: number): number {
  const odds = Math.log(probability) - Math.log1p(-probability);
  let logarithm = trials * Math.log1p(-probability);
  let total = 0;
  for (let count = 0; count <= successes; count++) {
    total += Math.exp(logarithm);
    logarithm += Math.log((trials - count) / (count + 1)) + odds;
  }
  return Math.min(1, total);
}

/** The place between 0 and 1 where `holds` ends being true. */
function bisect(holds: (value: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
