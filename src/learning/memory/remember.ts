import { join } from '../../common/join.js';
import { mixSeeds, normalFrom, randomFrom } from '../../common/random.js';
import type { Engine, TensorSpec } from '../../method/engine/engine.js';
import { PerBatchSize } from '../../method/engine/per-batch-size.js';
import type { Preprocessing } from '../../method/images/preprocessing.js';
import { framesAtOnce, tileGrid } from '../../method/images/tiles.js';
import { backbone } from '../../method/model/backbone.js';
import { frozen } from '../../method/model/convolution.js';
import { normaliseFrames } from '../../method/model/detector.js';
import { patches, patchGrids } from '../../method/model/memory.js';
import { throughTiles } from '../../method/model/tiles.js';
import type { Weights } from '../../method/model/weights.js';
import { matMul, reshape, type Tensor, type Tensor2D } from '../../method/tensorflow.js';
import { kCentre } from './coreset.js';

const BATCH = 4;

/**
 * Steps from 0 to a prototype's largest value: the integers of the int8 detector hold them exactly (`quantiseFilter`).
 */
const STEPS = 63;

/** How large a memory is, and what it is chosen from. */
export interface MemorySettings {
  /** Prototypes of layer1 to layer3. */
  readonly prototypes: readonly number[];
  /** Patches of each layer that they are chosen from, spread over all images. */
  readonly candidates: number;
  /** Dimensions of the random projection in which distances are measured while choosing. */
  readonly projection: number;
}

export interface RememberOptions {
  readonly engine: Engine;
  /** Folded weights. */
  readonly teacher: Weights;
  /** Good images by their fold, uint8 RGB. */
  readonly folds: readonly (readonly Uint8Array[])[];
  readonly preprocessing: Preprocessing;
  /** Of the whole memory; each fold has an equal part. */
  readonly settings: MemorySettings;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The patches of a layer that prototypes are chosen from. */
interface Candidates {
  readonly channels: number;
  readonly patches: Float32Array;
  /** The same, projected. */
  readonly points: Float32Array;
  /** How many there are already. */
  count: number;
}

/**
 * The memory of good images: of all patches of the teacher's features some candidates, and of these the prototypes, by
 * greedy k-centre on a random projection (Johnson and Lindenstrauss), as in PatchCore
 * (https://arxiv.org/abs/2106.08265). Every fold of the images has prototypes of its own, so that an image can be
 * judged by a memory that does not know it; and choosing them takes a fifth of the time.
 *
 * @returns of every fold `layer1` to `layer3`, prototypes x channels
 */
export async function remember(options: RememberOptions): Promise<Weights[]> {
  const { engine, folds, settings, seed, signal, onProgress } = options;
  const total = folds.reduce((sum, { length }) => sum + length, 0);
  const programs = new PerBatchSize((batch) => compile(options, batch));
  const random = randomFrom(seed);
  const memories: Weights[] = [];
  let done = 0;
  try {
    for (const frames of folds) {
      const progress = (more: number) => {
        done += more;
        onProgress?.(done, total);
      };
      const all = await gather(frames, programs, options, random, progress);
      const memory: Record<string, Weights[string]> = {};
      for (const [layer, { channels, patches, points, count }] of all.entries()) {
        signal?.throwIfAborted();
        const used = { data: points.subarray(0, count * settings.projection), dimensions: settings.projection };
        const first = Math.floor(randomFrom(mixSeeds(seed, layer))() * count);
        const chosen = await kCentre(engine, used, Math.ceil(settings.prototypes[layer] / folds.length), first);
        const data = join(chosen.map((i) => stepped(patches.subarray(i * channels, (i + 1) * channels))));
        memory[`layer${layer + 1}`] = { shape: [chosen.length, channels], data };
      }
      memories.push(memory);
    }
  } finally {
    await programs.dispose();
  }
  return memories;
}

/** Several memories as one. */
export function joinMemories(memories: readonly Weights[]): Weights {
  return Object.fromEntries(
    Object.keys(memories[0]).map((layer) => {
      const parts = memories.map((memory) => memory[layer]);
      const prototypes = parts.reduce((sum, { shape }) => sum + shape[0], 0);
      return [layer, { shape: [prototypes, parts[0].shape[1]], data: join(parts.map(({ data }) => data)) }];
    }),
  );
}

const stepped = (patch: Float32Array): Float32Array => {
  const step = Math.fround(patch.reduce((most, value) => Math.max(most, value), 0) / STEPS) || 1;
  return patch.map((value) => Math.round(value / step) * step);
};

/** The candidates of the images of a fold. */
async function gather(
  frames: readonly Uint8Array[],
  programs: PerBatchSize,
  { folds, preprocessing, settings, signal }: RememberOptions,
  random: () => number,
  onProgress: (more: number) => void,
): Promise<Candidates[]> {
  const [height, width] = preprocessing.size;
  const all = patchGrids.map(({ channels, stride }): Candidates => {
    const perImage = (height / stride) * (width / stride);
    const most = Math.min(Math.ceil(settings.candidates / folds.length), perImage * frames.length);
    return {
      channels,
      patches: new Float32Array(most * channels),
      points: new Float32Array(most * settings.projection),
      count: 0,
    };
  });
  const atOnce = framesAtOnce(BATCH, preprocessing.tiles);
  for (let start = 0; start < frames.length; start += atOnce) {
    signal?.throwIfAborted();
    const batch = frames.slice(start, start + atOnce);
    const program = await programs.get(batch.length);
    const results = await program.run({ frames: join(batch) });
    for (const [layer, candidates] of all.entries()) {
      const [found, points] = ['patches', 'points'].map((name) => results[`${name}${layer}`].data as Float32Array);
      const last = start + batch.length;
      // As many of each image, up to a fraction that evens out.
      const wanted = Math.floor((last * (candidates.patches.length / candidates.channels)) / frames.length);
      take(candidates, { found, points, projection: settings.projection }, wanted - candidates.count, random);
    }
    onProgress(batch.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return all;
}

/** Takes so many patches at random, each at most once (selection sampling, Knuth 3.4.2 S). */
function take(
  candidates: Candidates,
  { found, points, projection }: { found: Float32Array; points: Float32Array; projection: number },
  wanted: number,
  random: () => number,
): void {
  const { channels } = candidates;
  const total = found.length / channels;
  let left = Math.min(wanted, total);
  for (let i = 0; i < total && left > 0; i++) {
    if (random() * (total - i) >= left) continue;
    left--;
    candidates.patches.set(found.subarray(i * channels, (i + 1) * channels), candidates.count * channels);
    candidates.points.set(points.subarray(i * projection, (i + 1) * projection), candidates.count * projection);
    candidates.count++;
  }
}

function compile({ engine, teacher, preprocessing, settings, seed }: RememberOptions, batch: number) {
  const inputs: Record<string, TensorSpec> = { frames: { shape: [batch, ...preprocessing.size, 3], type: 'uint8' } };
  for (const [name, { shape, data }] of Object.entries(teacher)) {
    inputs[`teacher/${name}`] = { shape, type: 'float32', value: data };
  }
  for (const [layer, { channels }] of patchGrids.entries()) {
    const normal = normalFrom(randomFrom(mixSeeds(seed, 7, layer)));
    const value = Float32Array.from({ length: channels * settings.projection }, normal);
    inputs[`projection${layer}`] = { shape: [channels, settings.projection], type: 'float32', value };
  }
  return engine.compile(({ frames, ...constants }) => {
    const weights = Object.fromEntries(
      Object.keys(teacher).map((name): [string, Tensor] => [name, constants[`teacher/${name}`]]),
    );
    const maps = throughTiles(frames, tileGrid(preprocessing), (views) =>
      patches(backbone(normaliseFrames(views, preprocessing), frozen(weights))),
    );
    return Object.fromEntries(
      maps.flatMap((map, layer): [string, Tensor][] => {
        const rows = reshape(map, [-1, map.shape[3]]) as Tensor2D;
        return [
          [`patches${layer}`, rows],
          [`points${layer}`, matMul(rows, constants[`projection${layer}`] as Tensor2D)],
        ];
      }),
    );
  }, inputs);
}
