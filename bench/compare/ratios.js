import { median } from '../../dist/method/metrics/robust.js';

/**
 * What is compared: a number of `kdad-edge bench --json` with one of the program in PyTorch, and the ratio that is
 * wanted at most.
 */
const compared = [
  ...[1, 8].map((batch) => inference('fp32', batch, 1)),
  ...[1, 8].map((batch) => inference('int8', batch, 0.4)),
  ...[4, 16].map((batch) => ({
    what: `a step of training, batch ${batch}`,
    own: ({ trainingMs }) => trainingMs[batch],
    reference: (layout) => `train_ms_${layout}_b${batch}`,
    wanted: 1,
  })),
];

function inference(precision, batch, wanted) {
  return {
    what: `inference, ${precision}, batch ${batch}`,
    own: ({ inferenceMs }) => inferenceMs[precision][batch],
    reference: (layout) => `infer_ms_${layout}_b${batch}`,
    wanted,
  };
}

/**
 * Medians of both programs' milliseconds an image, and of the ratio of each pair with its spread.
 * @param pairs each with what `kdad-edge bench --json` (`own`) and the program in PyTorch (`reference`) printed, one
 *   after the other
 */
export function ratiosOf(pairs) {
  return compared.map(({ what, own, reference, wanted }) => {
    const against = (layout) => {
      const times = pairs.map((pair) => pair.reference[reference(layout)]);
      const ratios = pairs.map((pair, i) => own(pair.own) / times[i]);
      return {
        milliseconds: median(times),
        ratio: median(ratios),
        least: Math.min(...ratios),
        most: Math.max(...ratios),
      };
    };
    const milliseconds = median(pairs.map((pair) => own(pair.own)));
    return { what, wanted, milliseconds, channelsLast: against('channels_last'), usual: against('default') };
  });
}

/**
 * Medians over the pairs of milliseconds an image by batch size: both precisions, and PyTorch where it was measured.
 */
export function batchesOf(pairs) {
  return Object.keys(pairs[0].own.inferenceMs.fp32).map((batch) => {
    const reference = pairs.flatMap((pair) => pair.reference[`infer_ms_channels_last_b${batch}`] ?? []);
    return {
      batch,
      fp32: median(pairs.map(({ own }) => own.inferenceMs.fp32[batch])),
      int8: median(pairs.map(({ own }) => own.inferenceMs.int8[batch])),
      reference: reference.length > 0 ? median(reference) : undefined,
    };
  });
}
