import type { Detection } from '../engine/onnx/session.js';

/** Height and width. */
export type Size = readonly [height: number, width: number];

/** The anomaly map of one frame. */
export interface AnomalyMap {
  /** Height x width of `size`. */
  readonly values: Float32Array;
  readonly size: Size;
}

/** The map of the `i`-th frame of a batch, a copy. */
export function mapOf({ maps, mapSize: size }: Pick<Detection, 'maps' | 'mapSize'>, i: number): AnomalyMap {
  const length = size[0] * size[1];
  return { values: maps.slice(i * length, (i + 1) * length), size };
}
