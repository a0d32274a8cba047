/** Of what the samples say; each sample has `seconds`, `metrics` and bytes of `memory` by process. */

const frames = (metrics, what, camera) => {
  let sum = 0;
  for (const [series, value] of metrics) {
    if (series.startsWith(`kdad_frames_${what}_total{camera="${camera}"`)) sum += value;
  }
  return sum;
};

/** Frames of a camera by what became of them. */
export function account(metrics, camera) {
  const [received, judged, dropped] = ['received', 'judged', 'dropped'].map((what) => frames(metrics, what, camera));
  return { camera, received, judged, dropped, underWay: received - judged - dropped };
}

/** Seconds that this share of a camera's frames kept between two samples, as Prometheus's histogram_quantile has it. */
export function latency(first, last, camera, share) {
  const name = `kdad_frame_latency_seconds_bucket{le="`;
  const buckets = [...last]
    .filter(([series]) => series.startsWith(name) && series.includes(`camera="${camera}"`))
    .map(([series, count]) => [
      Number(series.slice(name.length).split('"')[0].replace('+Inf', 'Infinity')),
      count - (first.get(series) ?? 0),
    ])
    .sort(([a], [b]) => a - b);
  const rank = share * buckets.at(-1)[1];
  let [below, counted] = [0, 0];
  for (const [bound, count] of buckets) {
    if (count >= rank)
      return bound === Infinity ? below : below + ((bound - below) * (rank - counted)) / (count - counted);
    [below, counted] = [bound, count];
  }
}

/**
 * Bytes by which a process grew: from the median of the first third to that of the last, so that one sample tells
 * nothing.
 */
export function growth(samples, process) {
  const third = Math.ceil(samples.length / 3);
  const median = (some) => some.map(({ memory }) => memory[process]).sort((a, b) => a - b)[Math.floor(some.length / 2)];
  return median(samples.slice(-third)) - median(samples.slice(0, third));
}
