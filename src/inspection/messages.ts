import type { DetectorOptions, DetectorSource } from '../detector/detector.js';
import type { ErrorCode } from '../errors.js';

/** What the daemon tells the inference process. */
export type Request =
  | { readonly kind: 'load'; readonly source: DetectorSource; readonly options: DetectorOptions }
  | {
      readonly kind: 'judge';
      readonly batch: number;
      /** uint8 RGB, batch x height x width x 3. */
      readonly frames: Uint8Array;
      /** The score from which on a frame's map is wanted back, one a frame. */
      readonly mapsFrom: readonly number[];
      /** The pixels that never count, 1 each, height x width of the map; null for frames of which all count. */
      readonly ignored?: readonly (Uint8Array | null)[];
    };

/** What the inference process answers, one answer a request. */
export type Answer =
  | { readonly kind: 'loaded'; readonly device: string }
  | {
      readonly kind: 'judged';
      readonly scores: Float32Array;
      /** The maps that were wanted; null for the other frames. */
      readonly maps: readonly (Float32Array | null)[];
      readonly mapSize: readonly [number, number];
    }
  | { readonly kind: 'failed'; readonly message: string; readonly code?: ErrorCode };
