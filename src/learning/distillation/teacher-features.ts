import { join } from '../../common/join.js';
import type { Engine, Executable, TensorSpec } from '../../method/engine/engine.js';
import { PerBatchSize } from '../../method/engine/per-batch-size.js';
import { body, stem } from '../../method/model/backbone.js';
import { frozen } from '../../method/model/convolution.js';
import { type Normalisation, normaliseFrames } from '../../method/model/detector.js';
import { normaliseFeatures } from '../../method/model/distillation.js';
import type { Weights } from '../../method/model/weights.js';
import { transpose } from '../../method/tensorflow.js';
import { FeatureFile } from './feature-file.js';
import type { Features } from './feature-maps.js';

const layers = ['layer1', 'layer2', 'layer3'] as const;

interface TeacherFeaturesOptions {
  readonly size: readonly [number, number];
  readonly normalisation: Normalisation;
  /** Bytes to keep in memory. */
  readonly limit: number;
  /** File for those that find no room there; they are computed each time where there is none. */
  readonly file?: string;
  /** With what the stem makes. */
  readonly stem: boolean;
}

/**
 * The teacher's features of the training images. The teacher is frozen and images are not changed between epochs, so
 * each image's features are computed once and kept, in memory as long as they fit into `limit` bytes, then in a file;
 * where the disk has no room, those of further images are computed each time.
 */
export class TeacherFeatures {
  readonly #engine: Engine;
  readonly #teacher: Weights;
  readonly #options: TeacherFeaturesOptions;
  readonly #kept = new Map<Uint8Array, Features>();
  readonly #file: FeatureFile | undefined;
  /** Where in the file. */
  readonly #filed = new Map<Uint8Array, number>();
  readonly #programs = new PerBatchSize((batch) => this.#compile(batch));
  #bytes = 0;

  /** @param teacher folded weights */
  constructor(engine: Engine, teacher: Weights, options: TeacherFeaturesOptions) {
    this.#engine = engine;
    this.#teacher = teacher;
    this.#options = options;
    this.#file = options.file === undefined ? undefined : new FeatureFile(options.file);
  }

  /** @param frames uint8 RGB, one array an image; an image is known again by its array */
  async of(frames: readonly Uint8Array[]): Promise<Features[]> {
    const unknown = frames.filter((frame) => !this.#kept.has(frame) && !this.#filed.has(frame));
    const found = new Map<Uint8Array, Features>();
    if (unknown.length > 0) {
      const computed = await this.#compute(unknown);
      for (const [i, frame] of unknown.entries()) {
        found.set(frame, computed[i]);
        await this.#keep(frame, computed[i]);
      }
    }
    for (const frame of frames) if (!found.has(frame)) found.set(frame, await this.#known(frame));
    return frames.map((frame) => found.get(frame) as Features);
  }

  async dispose(): Promise<void> {
    this.#kept.clear();
    this.#filed.clear();
    await Promise.all([this.#file?.close(), this.#programs.dispose()]);
  }

  async #known(frame: Uint8Array): Promise<Features> {
    return this.#kept.get(frame) ?? (this.#file as FeatureFile).read(this.#filed.get(frame) as number);
  }

  async #keep(frame: Uint8Array, features: Features): Promise<void> {
    const maps = [...features.layers, ...(features.stem ? [features.stem] : [])];
    const bytes = maps.reduce((sum, map) => sum + map.byteLength, 0);
    if (this.#bytes + bytes <= this.#options.limit) {
      this.#bytes += bytes;
      this.#kept.set(frame, features);
      return;
    }
    const begin = await this.#file?.keep(features);
    if (begin !== undefined) this.#filed.set(frame, begin);
  }

  async #compute(frames: readonly Uint8Array[]): Promise<Features[]> {
    const batch = frames.length;
    const program = await this.#programs.get(batch);
    const results = await program.run({ frames: join(frames) });
    const ofImage = (name: string, i: number) => {
      const maps = results[name].data as Float32Array;
      const size = maps.length / batch;
      return maps.slice(i * size, (i + 1) * size);
    };
    return frames.map((_, i) => ({
      layers: layers.map((layer) => ofImage(layer, i)),
      stem: this.#options.stem ? ofImage('stem', i) : undefined,
    }));
  }

  #compile(batch: number): Promise<Executable> {
    const { size, normalisation, stem: withStem } = this.#options;
    const inputs: Record<string, TensorSpec> = { frames: { shape: [batch, ...size, 3], type: 'uint8' } };
    for (const [name, { shape, data }] of Object.entries(this.#teacher)) {
      inputs[name] = { shape, type: 'float32', value: data };
    }
    return this.#engine.compile(({ frames, ...weights }) => {
      const seen = stem(normaliseFrames(frames, normalisation), frozen(weights));
      const maps = body(seen, frozen(weights)).map((map, i) => [layers[i], normaliseFeatures(map)] as const);
      const wanted = withStem ? [...maps, ['stem', seen] as const] : maps;
      return Object.fromEntries(wanted.map(([name, map]) => [name, transpose(map, [0, 3, 1, 2])]));
    }, inputs);
  }
}
