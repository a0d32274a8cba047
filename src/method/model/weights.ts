/** A tensor of weights in memory: row-major float32, whatever precision the file has. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Weights by name, as PyTorch names them (`layer1.0.conv1.weight`). */
export type Weights = Readonly<Record<string, Weight>>;
