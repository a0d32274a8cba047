import { type AnomalyMap, mapOf, type Size } from '../detector/anomaly-map.js';
import { type Detector, type DetectorOptions, type DetectorSource, openDetector } from '../detector/detector.js';
import { mapSettingsOf } from '../detector/map-settings.js';
import type { Scoring } from '../model/scoring.js';
import { type Mask, maskOf, type Polygon } from './ignored.js';
import { scoreMasked } from './masked.js';

/** A batch of frames. */
export interface Frames {
  readonly batch: number;
  /** uint8 RGB, batch x height x width x 3. */
  readonly frames: Uint8Array;
  /** The areas that never count, one list a frame; null for a frame of which all counts. */
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
}

/** Masks that are kept drawn; a daemon has one a camera. */
const KEPT = 1000;

/** A bundle's detector that leaves areas of frames out. Masks are drawn here, where the size of the map is known. */
export class MaskingDetector {
  readonly #detector: Detector;
  readonly #scoring: () => Scoring;
  readonly #masks = new Map<string, Mask>();

  private constructor(detector: Detector, scoring: () => Scoring) {
    this.#detector = detector;
    this.#scoring = scoring;
  }

  /** @throws KdadError as `openDetector` */
  static async open(source: DetectorSource, options: DetectorOptions = {}): Promise<MaskingDetector> {
    return new MaskingDetector(await openDetector(source, options), () => mapSettingsOf(source).scoring);
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
   * @throws KdadError ENGINE_FAILED, CONFIG_INVALID for areas that leave nothing, BUNDLE_UNSUPPORTED for areas where the bundle does not say how
   *   it scores
   */
  async judge({ batch, frames, ignored, mapsFrom }: Frames): Promise<Scored> {
    const detection = await this.#detector.run(frames, batch);
    const { scores } = detection;
    const maps: (AnomalyMap | null)[] = [];
    for (let i = 0; i < batch; i++) {
      const areas = ignored?.[i];
      let map: AnomalyMap | undefined;
      if (areas) {
        const mask = this.#maskOf(areas, detection.mapSize);
        ({ map, score: scores[i] } = scoreMasked(mapOf(detection, i), mask, this.#scoring()));
      }
      const wanted = mapsFrom === undefined || scores[i] >= mapsFrom[i];
      maps.push(wanted ? (map ?? mapOf(detection, i)) : null);
    }
    return { scores, maps };
  }

  dispose(): Promise<void> {
    return this.#detector.dispose();
  }

  #maskOf(areas: readonly Polygon[], size: Size): Mask {
    const key = JSON.stringify([areas, size]);
    const mask = this.#masks.get(key) ?? maskOf(areas, size);
    if (this.#masks.size >= KEPT) this.#masks.clear();
    this.#masks.set(key, mask);
    return mask;
  }
}
