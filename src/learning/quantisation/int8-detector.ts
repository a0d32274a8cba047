import { evenly } from '../../common/evenly.js';
import { mixSeeds, randomFrom } from '../../common/random.js';
import type { Manifest } from '../../method/bundle/manifest.js';
import type { Graph } from '../../method/engine/onnx/graph.js';
import { quantise } from '../../method/engine/onnx/quantise.js';
import type { Preprocessing } from '../../method/images/preprocessing.js';
import { framesAtOnce } from '../../method/images/tiles.js';
import { auroc } from '../../method/metrics/roc.js';
import { spearman } from '../../method/metrics/spearman.js';
import { cutPaste } from '../augmentation/cut-paste.js';
import { scoresBy } from '../calibration/scores-by.js';
import { activationRanges } from './activation-ranges.js';

/**
 * Pictures that ranges are taken from, each as it is and with a defect pasted in; more change them little. A frame of
 * tiles is as many pictures.
 */
const RANGE_IMAGES = 16;
/** Pictures that both detectors are compared on, each as it is and with a defect pasted in. */
const COMPARED_IMAGES = 64;

/** What `precision: auto` asks of the integers before it takes them. */
const LEAST_RANK_CORRELATION = 0.95;
const LARGEST_AUROC_LOSS = 0.01;

type Int8 = NonNullable<Manifest['int8']>;

export interface Int8Detector {
  readonly detector: Uint8Array;
  /** Scores of the same held-out pictures in floats and in integers. */
  readonly held: { readonly floats: readonly number[]; readonly integers: readonly number[] };
  /** Its score of the self-test's picture. */
  readonly selfTestScore: number;
  readonly agreement: Int8['agreement'];
  readonly agrees: boolean;
  readonly reason: string;
}

/**
 * The detector in 8-bit integers, and whether it may stand in for the one in floats: it has to rank pictures alike, and
 * tell good ones from ones with a pasted defect as well.
 *
 * @param graphs as traced: the detector, and one that does not know the held-out images, to compare integers and floats
 *   on them
 * @param frames good pictures, uint8 RGB at the detector's size: all, those that are held out, and that of the
 *   self-test
 * @throws KdadError ENGINE_FAILED
 */
export async function int8Detector(
  graphs: { readonly detector: Graph; readonly unknowing: Graph },
  { all, held, sample }: Readonly<Record<'all' | 'held', readonly Uint8Array[]>> & { readonly sample: Uint8Array },
  {
    size,
    tiles,
    seed,
    threads,
  }: Pick<Preprocessing, 'size' | 'tiles'> & { readonly seed: number; readonly threads?: number },
): Promise<Int8Detector> {
  const random = randomFrom(mixSeeds(seed, held.length));
  const good = held.slice(0, COMPARED_IMAGES);
  const pasted = good.map((frame) => cutPaste(frame, size, random));
  const seen = evenly(all, Math.max(4, framesAtOnce(RANGE_IMAGES, tiles)));
  const ranged = seen.flatMap((frame) => [frame, cutPaste(frame, size, random)]);
  const encode = (graph: Graph) => graph.encode({ symbolicBatch: true });
  // Equal constants are one in a graph, so the edges of two graphs have no names in common to rely on.
  const rounded = async (graph: Graph) => encode(quantise(graph, await activationRanges(graph, ranged, threads)));
  const detector = await rounded(graphs.detector);
  const floats = encode(graphs.unknowing);
  const bytes = graphs.unknowing === graphs.detector ? detector : await rounded(graphs.unknowing);
  const compared = [...good, ...pasted];
  const before = await scoresBy(floats, compared, threads);
  const after = await scoresBy(bytes, compared, threads);
  const [selfTestScore] = await scoresBy(detector, [sample], threads);
  const agreement = {
    rankCorrelation: spearman(before, after) ?? 0,
    auroc: { fp32: separation(before), int8: separation(after) },
  };
  const scores = { floats: before.slice(0, good.length), integers: after.slice(0, good.length) };
  return { detector, held: scores, selfTestScore, agreement, ...verdict(agreement) };
}

function verdict({ rankCorrelation, auroc }: Int8['agreement']): Pick<Int8, 'agrees' | 'reason'> {
  const objections = [
    rankCorrelation < LEAST_RANK_CORRELATION &&
      `it ranks pictures differently, rank correlation below ${LEAST_RANK_CORRELATION}`,
    auroc.int8 < auroc.fp32 - LARGEST_AUROC_LOSS &&
      `it tells pasted defects less well, by more than ${LARGEST_AUROC_LOSS} of AUROC`,
  ].filter((objection) => objection !== false);
  if (objections.length > 0) return { agrees: false, reason: objections.join('; ') };
  return {
    agrees: true,
    reason: 'its scores agree with those of fp32, on good pictures and on ones with a pasted defect',
  };
}

/** How well scores tell the first half, good pictures, from the second, pasted ones. */
const separation = (scores: readonly number[]): number =>
  auroc(scores.slice(scores.length / 2), scores.slice(0, scores.length / 2)) ?? 0;
