import { evenly } from '../../common/evenly.js';
import { join } from '../../common/join.js';
import { type DetectorWeights, opinionProgram } from '../../method/detector/program.js';
import type { Engine } from '../../method/engine/engine.js';
import type { Preprocessing } from '../../method/images/preprocessing.js';
import { framesAtOnce } from '../../method/images/tiles.js';
import type { DetectorOptions } from '../../method/model/detector.js';
import type { Weights } from '../../method/model/weights.js';
import { type GoodImage, picturesOf } from './folds.js';
import { joinMemories } from './remember.js';

const BATCH = 4;

/** More images say no more, and their maps take memory. */
const MOST_IMAGES = 1000;

/** Images that are also judged by a memory of one fold less. */
const GROWTH_IMAGES = 60;

/** What the parts of a detector make of a picture that they do not know. */
export interface Opinion {
  readonly image: string;
  readonly degraded: boolean;
  /** The student has learned from it all the same. */
  readonly learned: boolean;
  /** The map of each layer of the memory, and then the student's where there is one. */
  readonly maps: readonly Float32Array[];
}

export interface OpinionOptions {
  readonly engine: Engine;
  readonly weights: Omit<DetectorWeights, 'memory'>;
  /** Of every fold. */
  readonly memories: readonly Weights[];
  readonly options: DetectorOptions;
  readonly preprocessing: Preprocessing;
  readonly images: readonly GoodImage[];
  readonly signal?: AbortSignal;
}

/** What the memory of the other folds makes of good images. */
export interface Opinions {
  /** The images in their order, then their copies. */
  readonly all: readonly Opinion[];
  /** Pairs for the same picture: by all other folds, and by one less. */
  readonly fewer: readonly (readonly [Opinion, Opinion])[];
}

/** Judges every image by the student and the memory of the folds that it is not in. */
export async function opinionsOutOfFold(options: OpinionOptions): Promise<Opinions> {
  const { memories } = options;
  const images = evenly(options.images, MOST_IMAGES);
  const some = new Set(evenly(images, GROWTH_IMAGES).map(({ name }) => name));
  const found = new Map<Uint8Array, Opinion>();
  const fewer: [Opinion, Opinion][] = [];
  for (const fold of memories.keys()) {
    const inFold = images.filter((image) => image.fold === fold);
    const pictures = inFold.flatMap(picturesOf);
    const judged = await judge(options, without(memories, [fold]), pictures);
    const opinionOf = ({ name }: GoodImage, maps: Float32Array[], degraded: boolean): Opinion => ({
      ...{ image: name, degraded, maps },
      learned: fold !== 0,
    });
    for (const image of inFold) {
      found.set(image.frame, opinionOf(image, judged.get(image.frame) as Float32Array[], false));
      if (image.copy) found.set(image.copy, opinionOf(image, judged.get(image.copy) as Float32Array[], true));
    }
    const again = inFold.filter(({ name }) => some.has(name));
    const byFewer = await judge(
      options,
      without(memories, [fold, (fold + 1) % memories.length]),
      again.map(({ frame }) => frame),
    );
    for (const image of again) {
      const maps = byFewer.get(image.frame) as Float32Array[];
      fewer.push([found.get(image.frame) as Opinion, opinionOf(image, maps, false)]);
    }
  }
  const copies = images.flatMap(({ copy }) => (copy ? [copy] : []));
  const all = [...images.map(({ frame }) => frame), ...copies].map((picture) => found.get(picture) as Opinion);
  return { all, fewer };
}

/** The memory of the folds that are left, with no weights: the maps are those before they are weighed. */
function without(memories: readonly Weights[], folds: readonly number[]): Weights {
  const left = memories.filter((_, fold) => !folds.includes(fold));
  return { ...joinMemories(left), weights: { shape: [0], data: new Float32Array() } };
}

/** Of every picture its maps. */
async function judge(
  { engine, weights, options, preprocessing, signal }: OpinionOptions,
  memory: Weights,
  pictures: readonly Uint8Array[],
): Promise<Map<Uint8Array, Float32Array[]>> {
  const judged = new Map<Uint8Array, Float32Array[]>();
  const atOnce = framesAtOnce(BATCH, preprocessing.tiles);
  const { program, inputs } = opinionProgram({ ...weights, memory }, options, [atOnce, ...preprocessing.size]);
  const compiled = await engine.compile(program, inputs);
  try {
    for (let start = 0; start < pictures.length; start += atOnce) {
      signal?.throwIfAborted();
      const batch = pictures.slice(start, start + atOnce);
      // A batch that is not full repeats a picture: another program takes longer to compile.
      const full = Array.from({ length: atOnce }, (_, i) => batch[i] ?? batch[0]);
      const results = await compiled.run({ frames: join(full) });
      for (const [i, picture] of batch.entries()) {
        const maps = Object.values(results).map(({ data }) => {
          const size = data.length / atOnce;
          return data.slice(i * size, (i + 1) * size) as Float32Array;
        });
        judged.set(picture, maps);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await compiled.dispose();
  }
  return judged;
}
