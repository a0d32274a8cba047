import { type AnomalyMap, mapOf, type Size } from '../../method/detector/anomaly-map.js';
import type { Detector, DetectorSource } from '../../method/detector/detector.js';
import { type MapSettings, mapSettingsOf } from '../../method/detector/map-settings.js';
import { type DetectorOptions, openDetector } from '../../method/detector/open-detector.js';
import type { UsualAppearance } from '../../method/images/appearance.js';
import { type Place, paddedPlace } from '../../method/images/framing.js';
import type { Framing } from '../../method/images/preprocessing.js';
import { type FrameScene, isOtherScene, lookOf } from './frame-scene.js';
import { type Mask, maskOf, type Polygon, placeMask } from './ignored.js';
import { scoreMasked } from './masked.js';

/** A batch of frames. */
export interface Frames {
  readonly batch: number;
  /** uint8 RGB, batch x height x width x 3. */
  readonly frames: Uint8Array;
  /** The areas of the picture in it that never count, one list a frame; null for a frame of which all counts. */
  readonly ignored?: readonly (readonly Polygon[] | null)[];
  /** The score from which on a frame's map is wanted, one a frame; every map is when absent. */
  readonly mapsFrom?: readonly number[];
}

/** What came of a batch. */
export interface Scored {
  /** One a frame. */
  readonly scores: Float32Array;
  /** The maps that were wanted; null for the other frames. */
  readonly maps: readonly (AnomalyMap | null)[];
  /** What is odd about a frame as a whole, one a frame; `other` only of those whose maps were wanted. */
  readonly scenes: readonly (FrameScene | null)[];
}

/** Masks that are kept drawn; a daemon has one a camera, or some where its pictures have several shapes. */
const KEPT = 1000;

/** A bundle's detector that leaves areas of frames out. Masks are drawn here, where the size of the map is known. */
export class MaskingDetector {
  readonly #detector: Detector;
  readonly #settings: () => MapSettings;
  readonly #framing: Framing;
  readonly #background: number | undefined;
  readonly #appearance: UsualAppearance | undefined;
  readonly #masks = new Map<string, Mask>();

  private constructor(detector: Detector, settings: () => MapSettings, { manifest }: DetectorSource) {
    this.#detector = detector;
    this.#settings = settings;
    this.#framing = manifest.preprocessing;
    this.#background = manifest.detector.background;
    this.#appearance = manifest.appearance;
  }

  /** @throws KdadError as `openDetector` */
  static async open(source: DetectorSource, options: DetectorOptions = {}): Promise<MaskingDetector> {
    const settings = () => mapSettingsOf(source);
    return new MaskingDetector(await openDetector(source, options), settings, source);
  }

  /** What it runs on. */
  get device(): string {
    return this.#detector.device;
  }

  /** Of the processor. */
  get threads(): number {
    return this.#detector.threads;
  }

  /**
   * @throws KdadError ENGINE_FAILED, CONFIG_INVALID for areas that leave nothing, BUNDLE_UNSUPPORTED for areas where
   *   the bundle does not say how it scores
   */
  async judge({ batch, frames, ignored, mapsFrom }: Frames): Promise<Scored> {
    const detection = await this.#detector.run(frames, batch);
    const { scores } = detection;
    const maps: (AnomalyMap | null)[] = [];
    const scenes: (FrameScene | null)[] = [];
    for (let i = 0; i < batch; i++) {
      const areas = ignored?.[i];
      let map: AnomalyMap | undefined;
      if (areas) {
        const mask = this.#maskOf(areas, detection.mapSize, this.#placeIn(frames, i));
        const { scoring, tiles } = this.#settings();
        ({ map, score: scores[i] } = scoreMasked(mapOf(detection, i), mask, scoring, tiles));
      }
      const wanted = mapsFrom === undefined || scores[i] >= mapsFrom[i];
      const whole = wanted ? mapOf(detection, i) : undefined;
      maps.push(whole ? (map ?? whole) : null);
      scenes.push(this.#lookOf(frames, i) ?? (whole && isOtherScene(whole.values, this.#background) ? 'other' : null));
    }
    return { scores, maps, scenes };
  }

  dispose(): Promise<void> {
    return this.#detector.dispose();
  }

  /** Padding is no part of the look. */
  #lookOf(frames: Uint8Array, i: number): FrameScene | undefined {
    if (!this.#appearance || this.#placeIn(frames, i)) return undefined;
    return lookOf(this.#frameIn(frames, i), this.#framing.size, this.#appearance);
  }

  /** Of the picture in the `i`-th frame; undefined where it is all of it. */
  #placeIn(frames: Uint8Array, i: number): Place | undefined {
    const [height, width] = this.#framing.size;
    return paddedPlace({ width, height, pixels: this.#frameIn(frames, i) }, this.#framing);
  }

  #frameIn(frames: Uint8Array, i: number): Uint8Array {
    const [height, width] = this.#framing.size;
    const bytes = height * width * 3;
    return frames.subarray(i * bytes, (i + 1) * bytes);
  }

  #maskOf(areas: readonly Polygon[], size: Size, place?: Place): Mask {
    const key = JSON.stringify([areas, size, place]);
    const kept = this.#masks.get(key);
    if (kept) return kept;
    const whole = maskOf(areas, size);
    const mask = place ? placeMask(whole, place, this.#framing.size) : whole;
    if (this.#masks.size >= KEPT) this.#masks.clear();
    this.#masks.set(key, mask);
    return mask;
  }
}
