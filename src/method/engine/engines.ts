import type { Engine } from './engine.js';

/** What programs can run on. */
export const engineNames = ['onnx', 'tensorflow'] as const;

export type EngineName = (typeof engineNames)[number];

/**
 * Loads the engine of that name, and nothing of the other one.
 * @param options `threads` of the processor; one for each core that this process may use when left out or 0
 * @throws KdadError TENSORFLOW_MISSING
 */
export async function openEngine(name: EngineName, options: { readonly threads?: number } = {}): Promise<Engine> {
  if (name === 'tensorflow') return (await import('./tensorflow/tensorflow-engine.js')).openTensorflowEngine(options);
  return new (await import('./onnx/onnx-engine.js')).OnnxEngine(options);
}
