import type { Engine, Executable, TensorSpec } from '../engine/engine.js';
import { PerBatchSize } from '../engine/per-batch-size.js';
import { body, stem } from '../model/backbone.js';
import { frozen } from '../model/convolution.js';
import { type Normalisation, normaliseFrames } from '../model/detector.js';
import { normaliseFeatures } from '../model/distillation.js';
import type { Weights } from '../model/safetensors.js';
import { transpose } from '../tensorflow.js';
import type { Features } from './feature-maps.js';
import { join } from './join.js';

const layers = ['layer1', 'layer2', 'layer3'] as const;

interface TeacherFeaturesOptions {
  readonly size: readonly [number, number];
  readonly normalisation: Normalisation;
  /** Bytes to keep. */
  readonly limit: number;
  /** With what the stem makes. */
  readonly stem: boolean;
}

/**
 * The teacher's features of the training images. The teacher is frozen and images are not changed between epochs, so each image's
 * features are computed once and kept, as long as they fit into `limit` bytes; those of further images are computed each time.
 */
export class TeacherFeatures {
  readonly #engine: Engine;
  readonly #teacher: Weights;
  readonly #options: TeacherFeaturesOptions;
  readonly #kept = new Map<Uint8Array, Features>();
  readonly #programs = new PerBatchSize((batch) => this.#compile(batch));
  #bytes = 0;

  /** @param teacher folded weights */
  constructor(engine: Engine, teacher: Weights, options: TeacherFeaturesOptions) {
    this.#engine = engine;
    this.#teacher = teacher;
    this.#options = options;
  }

  /** @param frames uint8 RGB, one array an image; an image is known again by its array */
  async of(frames: readonly Uint8Array[]): Promise<Features[]> {
    const unknown = frames.filter((frame) => !this.#kept.has(frame));
    const computed = new Map<Uint8Array, Features>();
    if (unknown.length > 0) {
      const features = await this.#compute(unknown);
      unknown.forEach((frame, i) => {
        computed.set(frame, features[i]);
        this.#keep(frame, features[i]);
      });
    }
    return frames.map((frame) => this.#kept.get(frame) ?? (computed.get(frame) as Features));
  }

  dispose(): Promise<void> {
    this.#kept.clear();
    return this.#programs.dispose();
  }

  #keep(frame: Uint8Array, features: Features): void {
    const maps = [...features.layers, ...(features.stem ? [features.stem] : [])];
    const bytes = maps.reduce((sum, map) => sum + map.byteLength, 0);
    if (this.#bytes + bytes > this.#options.limit) return;
    this.#bytes += bytes;
    this.#kept.set(frame, features);
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
