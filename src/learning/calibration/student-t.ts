/**
 * The quantile of Student's t distribution: the t that a variable stays below with `probability`.
 *
 * With t = sqrt(v) tan(a), the probability between 0 and t is the integral of cos^(v-1) from 0 to a, as a part of the
 * one to pi/2: bisecting on the angle needs neither the gamma function nor a series.
 *
 * What was computed is kept: leave-one-out asks for the same quantile once an image.
 *
 * @param probability from 0.5 up to 1, exclusive
 * @param degrees of freedom, a whole number from 1 on
 */
export function studentQuantile(probability: number, degrees: number): number {
  const key = `${probability} ${degrees}`;
  const known = computed.get(key);
  if (known !== undefined) return known;
  const quantile = bisect(probability, degrees);
  computed.set(key, quantile);
  return quantile;
}

const computed = new Map<string, number>();

function bisect(probability: number, degrees: number): number {
  const wanted = (2 * probability - 1) * integral(Math.PI / 2, degrees);
  let [low, high] = [0, Math.PI / 2];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (integral(middle, degrees) < wanted) low = middle;
    else high = middle;
  }
  return Math.sqrt(degrees) * Math.tan(low);
}

/** Of cos^(degrees - 1) from 0 to `angle`, by Simpson's rule. */
function integral(angle: number, degrees: number): number {
  const steps = 2000;
  const width = angle / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.cos(i * width) ** (degrees - 1);
  }
  return (sum * width) / 3;
}
