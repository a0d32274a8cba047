import type { Calibration } from '../bundle/calibration.js';
import type { Manifest } from '../bundle/manifest.js';
import type { Preprocessing } from '../data/preprocessing.js';
import { mixSeeds, randomFrom } from '../data/random.js';
import { framesAtOnce } from '../data/tiles.js';
import type { Graph } from '../engine/onnx/graph.js';
import { quantise } from '../engine/onnx/quantise.js';
import { DetectorSession } from '../engine/onnx/session.js';
import { auroc } from '../metrics/roc.js';
import { spearman } from '../metrics/spearman.js';
import { activationRanges } from './activation-ranges.js';
import { cutPaste } from './cut-paste.js';

/** Pictures that ranges are taken from, each as it is and with a defect pasted in; more change them little. A frame of tiles is as many pictures. */
const RANGE_IMAGES = 8;
/** Pictures that both detectors are compared on, each as it is and with a defect pasted in. */
const COMPARED_IMAGES = 32;

/** What `precision: auto` asks of the integers before it takes them. */
const LEAST_RANK_CORRELATION = 0.95;
const LARGEST_AUROC_LOSS = 0.01;

type Int8 = NonNullable<Manifest['int8']>;

export interface Int8Detector {
  readonly detector: Uint8Array;
  /** The validation images' scores by it. */
  readonly scores: Calibration['scores'];
  readonly agreement: Int8['agreement'];
  readonly agrees: boolean;
  readonly reason: string;
}

/**
 * The detector in 8-bit integers, and whether it may stand in for the one in floats: it has to rank pictures alike, and tell good ones from
 * ones with a pasted defect as well.
 *
 * @param graph the detector as traced; `floats` is its ONNX file
 * @param held good pictures that the student did not learn from, uint8 RGB at the detector's size, and their scores by `floats`
 * @throws KdadError ENGINE_FAILED
 */
export async function int8Detector(
  graph: Graph,
  floats: Uint8Array,
  held: { readonly frames: readonly Uint8Array[]; readonly scores: Calibration['scores'] },
  {
    size,
    tiles,
    seed,
    threads,
  }: Pick<Preprocessing, 'size' | 'tiles'> & { readonly seed: number; readonly threads?: number },
): Promise<Int8Detector> {
  const { frames, scores } = held;
  const random = randomFrom(mixSeeds(seed, frames.length));
  const good = frames.slice(0, COMPARED_IMAGES);
  const pasted = good.map((frame) => cutPaste(frame, size, random));
  const ranged = Math.max(2, framesAtOnce(RANGE_IMAGES, tiles));
  const ranges = await activationRanges(
    graph,
    [good, pasted].flatMap((some) => some.slice(0, ranged)),
    threads,
  );
  const detector = quantise(graph, ranges).encode({ symbolicBatch: true });
  const inFloats = await DetectorSession.load(floats, { threads });
  const inBytes = await DetectorSession.load(detector, { threads });
  try {
    const ofGood = await scoresOf(inBytes, frames);
    const before = [...scores.slice(0, good.length).map(({ score }) => score), ...(await scoresOf(inFloats, pasted))];
    const after = [...ofGood.slice(0, good.length), ...(await scoresOf(inBytes, pasted))];
    const agreement = {
      rankCorrelation: spearman(before, after) ?? 0,
      auroc: { fp32: separation(before), int8: separation(after) },
    };
    const named = scores.map((scored, i) => ({ ...scored, score: ofGood[i] }));
    return { detector, scores: named, agreement, ...verdict(agreement) };
  } finally {
    await Promise.all([inFloats.dispose(), inBytes.dispose()]);
  }
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

async function scoresOf(session: DetectorSession, frames: readonly Uint8Array[]): Promise<number[]> {
  const scores: number[] = [];
  for (const frame of frames) scores.push((await session.run(frame, 1)).scores[0]);
  return scores;
}

/** How well scores tell the first half, good pictures, from the second, pasted ones. */
const separation = (scores: readonly number[]): number =>
  auroc(scores.slice(scores.length / 2), scores.slice(0, scores.length / 2)) ?? 0;
