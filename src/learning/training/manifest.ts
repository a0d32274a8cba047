import { version } from '../../common/version.js';
import type { Calibration } from '../../method/bundle/calibration.js';
import { type Manifest, schemaVersion } from '../../method/bundle/manifest.js';
import type { Engine } from '../../method/engine/engine.js';
import { runtimeVersion } from '../../method/engine/onnx/runtime.js';
import type { Prepared } from './prepare.js';

export interface Parts extends Pick<Prepared, 'split' | 'recipe' | 'preprocessing'> {
  readonly engine: Engine;
  readonly seed: number;
  readonly data: Manifest['data'];
  readonly teacher: Manifest['teacher'];
  readonly maxBatch: number;
  readonly background?: number;
  readonly appearance: Manifest['appearance'];
  readonly calibration: Calibration;
  readonly int8: Manifest['int8'];
  readonly selfTest: Manifest['selfTest'];
  readonly distilled: { readonly bestEpoch: number; readonly epochs: Manifest['training']['epochs'] };
}

/** The manifest of what was trained, but for its list of files. */
export function manifestOf(parts: Parts): Omit<Manifest, 'files'> {
  const { engine, recipe, seed, preprocessing, data, teacher, split, calibration, int8, selfTest, distilled } = parts;
  return {
    schemaVersion,
    backbone: 'resnet18-layer3',
    preprocessing: {
      size: [...preprocessing.size],
      aspect: preprocessing.aspect,
      mean: [...preprocessing.mean],
      std: [...preprocessing.std],
      sampleBits: preprocessing.sampleBits,
      tiles: preprocessing.tiles,
    },
    detector: { file: 'detector.onnx', maxBatch: parts.maxBatch, background: parts.background },
    appearance: parts.appearance,
    recipe: { ...recipe, seed },
    data,
    teacher,
    split: { seed, ...split },
    threshold: { value: calibration.threshold, rule: calibration.rule, parameters: calibration.parameters },
    int8,
    selfTest,
    training: { engine: engine.name, bestEpoch: distilled.bestEpoch, epochs: distilled.epochs },
    versions: {
      kdadEdge: version,
      onnxruntime: runtimeVersion,
      ...(engine.name === 'tensorflow' ? { tensorflow: engine.version } : {}),
    },
  };
}
