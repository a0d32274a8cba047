import type { Engine } from './engine.js';

/** What programs can run on. */
export const engineNames = ['onnx', 'tensorflow'] as const;

export type EngineName = (typeof engineNames)[number];

/**
 * Loads the engine of that name, and nothing of the other one.
 * @throws KdadError TENSORFLOW_MISSING
 */
export async function openEngine(name: EngineName): Promise<Engine> {
  if (name === 'tensorflow') return (await import('./tensorflow/tensorflow-engine.js')).openTensorflowEngine();
  return new (await import('./onnx/onnx-engine.js')).OnnxEngine();
}
