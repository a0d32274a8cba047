/** Scores with their truth: `labels[i]` is true where `scores[i]` belongs to an anomaly. */
export interface LabelledScores {
  readonly scores: ArrayLike<number>;
  readonly labels: readonly boolean[];
}

export interface Confusion {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly trueNegatives: number;
  readonly falseNegatives: number;
}

/** Counts what a threshold calls right and wrong; scores from the threshold on are anomalous. */
export function confusionAt({ scores, labels }: LabelledScores, threshold: number): Confusion {
  const count = (anomalous: boolean, label: boolean) =>
    labels.filter((actual, i) => actual === label && scores[i] >= threshold === anomalous).length;
  return {
    truePositives: count(true, true),
    falsePositives: count(true, false),
    trueNegatives: count(false, false),
    falseNegatives: count(false, true),
  };
}

/** What would be found with each distinct score as the threshold, from the highest down. */
export function operatingPoints({ scores, labels }: LabelledScores) {
  const order = labels.map((_, i) => i).sort((a, b) => scores[b] - scores[a]);
  const points: { threshold: number; truePositives: number; falsePositives: number }[] = [];
  let [truePositives, falsePositives] = [0, 0];
  for (const [position, i] of order.entries()) {
    if (labels[i]) truePositives++;
    else falsePositives++;
    const next = order[position + 1];
    if (next === undefined || scores[next] < scores[i]) {
      points.push({ threshold: scores[i], truePositives, falsePositives });
    }
  }
  return points;
}

/**
 * The highest F1 (harmonic mean of precision and recall) that any threshold reaches, and that threshold: halfway to the
 * next lower score, where it is least sensitive. Of equal ones the highest.
 *
 * @returns null without anomalies
 */
export function bestF1(labelled: LabelledScores): { readonly f1: number; readonly threshold: number } | null {
  const anomalies = labelled.labels.filter(Boolean).length;
  if (anomalies === 0) return null;
  const points = operatingPoints(labelled);
  let best = { f1: -1, threshold: Number.NaN };
  for (const [i, { threshold, truePositives, falsePositives }] of points.entries()) {
    const f1 = (2 * truePositives) / (truePositives + falsePositives + anomalies);
    const below = points[i + 1]?.threshold ?? threshold;
    if (f1 > best.f1) best = { f1, threshold: (threshold + below) / 2 };
  }
  return best;
}

/**
 * Average precision: the sum over thresholds of precision times the gain in recall, without interpolation.
 *
 * @returns null without anomalies
 */
export function averagePrecision(labelled: LabelledScores): number | null {
  const anomalies = labelled.labels.filter(Boolean).length;
  if (anomalies === 0) return null;
  let [sum, found] = [0, 0];
  for (const { truePositives, falsePositives } of operatingPoints(labelled)) {
    sum += (truePositives / (truePositives + falsePositives)) * (truePositives - found);
    found = truePositives;
  }
  return sum / anomalies;
}
