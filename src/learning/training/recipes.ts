import type { MapOptions } from '../../method/model/anomaly-map.js';
import type { ScoringName } from '../../method/model/scoring.js';
import type { RuleName } from '../calibration/threshold-rules.js';
import type { Schedule } from '../distillation/schedule.js';
import type { MemorySettings } from '../memory/remember.js';

/** A schedule, and how the student is used to judge; kept in the bundle's manifest. */
export interface Recipe extends Schedule {
  readonly map: Pick<MapOptions, 'combine' | 'blur'> & {
    /** The layers are combined at the input's size divided by this. */
    readonly downscale: number;
  };
  /** The memory beside the student, or alone where no epochs are; none where it is left out. */
  readonly memory?: MemorySettings & {
    /** What layer1 to layer3 weigh in the memory's map, once their distances have the same mean. */
    readonly layerWeights: readonly number[];
    /** The student's part in the map, see `weighOpinions`. */
    readonly studentWeight: number;
    /** Whether a degraded copy of each image is remembered too, and the threshold chosen from such as well. */
    readonly degradedCopies: boolean;
  };
  /** How the map becomes a score. */
  readonly score: ScoringName;
  /** Height and width of the frames, where they are part of the recipe; else the pictures' own shape. */
  readonly size?: readonly [number, number];
  readonly threshold: { readonly rule: RuleName; readonly parameters: Readonly<Record<string, number>> };
}

/** Layer2 tells most, layer3 sees coarsely. */
const layerWeights = [1, 2, 0.6] as const;

const memory: MemorySettings = { prototypes: [2000, 4000, 4000], candidates: 200_000, projection: 48 };

/**
 * - `kdad`, the default: a memory, and a student trained in few steps; docs/results.md has the measurements behind it.
 * - `memory`: the memory alone, without training.
 * - `seed`: the published notebook's settings, with a real split.
 * - `paper`: STFPM, https://arxiv.org/abs/2103.04257, section 4.
 */
export const recipes = {
  kdad: {
    name: 'kdad',
    epochs: 8,
    leastSteps: 320,
    batch: 4,
    optimiser: { kind: 'adam', learningRate: 1e-3, schedule: 'cosine' },
    sharedStem: true,
    map: { combine: 'relative-mean', downscale: 4, blur: 1 },
    memory: { ...memory, layerWeights, studentWeight: 0.1, degradedCopies: true },
    score: 'top2%-mean',
    keep: 'best',
    threshold: { rule: 'median-spread', parameters: { falseAlarms: 0.01 } },
  },
  memory: {
    name: 'memory',
    epochs: 0,
    batch: 4,
    optimiser: { kind: 'adam', learningRate: 1e-3, schedule: 'cosine' },
    sharedStem: true,
    map: { combine: 'relative-mean', downscale: 4, blur: 1 },
    memory: { ...memory, layerWeights, studentWeight: 0, degradedCopies: true },
    score: 'top2%-mean',
    keep: 'last',
    threshold: { rule: 'median-spread', parameters: { falseAlarms: 0.01 } },
  },
  seed: {
    name: 'seed',
    epochs: 20,
    batch: 4,
    optimiser: { kind: 'adam', learningRate: 4e-4, schedule: 'constant' },
    sharedStem: false,
    size: [256, 256],
    map: { combine: 'sum', downscale: 1, blur: 4 },
    score: 'max',
    keep: 'last',
    threshold: { rule: 'max', parameters: { margin: 0.1 } },
  },
  paper: {
    name: 'paper',
    epochs: 100,
    batch: 32,
    optimiser: { kind: 'sgd', learningRate: 0.4, schedule: 'constant', momentum: 0.9, weightDecay: 1e-4 },
    sharedStem: false,
    size: [256, 256],
    map: { combine: 'product', downscale: 4, blur: 0 },
    score: 'max',
    keep: 'best',
    threshold: { rule: 'max', parameters: { margin: 0.1 } },
  },
} as const satisfies Record<string, Recipe>;

export type RecipeName = keyof typeof recipes;

/** The map's options for images of `size`. */
export function mapOptionsOf({ map }: Recipe, [height, width]: readonly [number, number]): MapOptions {
  return { combine: map.combine, blur: map.blur, size: [height / map.downscale, width / map.downscale] };
}
