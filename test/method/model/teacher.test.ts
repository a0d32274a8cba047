import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TensorSpec } from '../../../src/method/engine/engine.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';
import { imagenetPreprocessing } from '../../../src/method/images/preprocessing.js';
import { backbone, convolutions } from '../../../src/method/model/backbone.js';
import { frozen } from '../../../src/method/model/convolution.js';
import { normaliseFrames } from '../../../src/method/model/detector.js';
import { foldBatchNorm, shapesOfFolded } from '../../../src/method/model/parameters.js';
import { teacherFrom } from '../../../src/method/model/teacher.js';
import type { Weights } from '../../../src/method/model/weights.js';
import { readSafetensors, writeSafetensors } from '../../../src/method/weights/safetensors.js';
import { relativeError } from '../../fixtures/numbers.js';

// Computed in PyTorch by fixtures/golden/teacher_features.py.
const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/golden/teacher-features.json', import.meta.url), 'utf8'),
);
const imagenet = new URL('../../../../shared/teacher/resnet18-imagenet.safetensors', import.meta.url);

const numbers64 = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(1000 * Math.sin((i + 1) * (seed + 0.7))));

/**
 * A network with batch normalisation apart, as torchvision and timm store it; weights by the formula of the golden
 * script.
 */
const formulaNetwork = makeFormulaNetwork();

function makeFormulaNetwork(): Weights {
  const weights: Record<string, { shape: number[]; data: Float32Array }> = {};
  let seed = 1;
  const put = (name: string, shape: number[], scale: number, shift = 0) => {
    const data = numbers64(
      shape.reduce((a, b) => a * b, 1),
      seed++,
    ).map((v) => v * scale + shift);
    weights[name] = { shape, data: Float32Array.from(data) };
  };
  for (const { name, batchNorm, inChannels, outChannels, size } of convolutions) {
    put(`${name}.weight`, [outChannels, inChannels, size, size], Math.sqrt(4 / (inChannels * size * size)));
    put(`${batchNorm}.weight`, [outChannels], 0.3, 1);
    put(`${batchNorm}.bias`, [outChannels], 0.2);
    put(`${batchNorm}.running_mean`, [outChannels], 0.2);
    put(`${batchNorm}.running_var`, [outChannels], 0.4, 1);
  }
  return weights;
}

/** The three feature maps of the golden picture. */
async function featuresOf(teacher: Weights): Promise<Float32Array[]> {
  const size = golden.size as number;
  const frames = Uint8Array.from(numbers64(size * size * 3, 99), (v) => Math.floor(127.5 + 127.5 * v));
  const inputs: Record<string, TensorSpec> = { frames: { shape: [1, size, size, 3], type: 'uint8' } };
  for (const [name, { shape, data }] of Object.entries(teacher)) inputs[name] = { shape, type: 'float32', value: data };
  const executable = await new OnnxEngine({ threads: 1 }).compile(({ frames: pictures, ...weights }) => {
    const maps = backbone(normaliseFrames(pictures, imagenetPreprocessing), frozen(weights));
    return { 0: maps[0], 1: maps[1], 2: maps[2] };
  }, inputs);
  const results = await executable.run({ frames });
  await executable.dispose();
  return [0, 1, 2].map((layer) => results[layer].data as Float32Array);
}

function expectGolden(maps: Float32Array[], expected: { mean: number; meanSquare: number; values: number[] }[]) {
  for (const [layer, { mean, meanSquare, values }] of expected.entries()) {
    const map = maps[layer];
    const sampled = values.map((_, i) => map[(i * 7919) % map.length]);
    expect(relativeError(sampled, values)).toBeLessThan(1e-4);
    expect(map.reduce((sum, v) => sum + v, 0) / map.length / mean).toBeCloseTo(1, 4);
    expect(map.reduce((sum, v) => sum + v * v, 0) / map.length / meanSquare).toBeCloseTo(1, 4);
  }
}

describe('a teacher', () => {
  it('gives the features that PyTorch computes, from batch normalisation apart', async () => {
    expectGolden(await featuresOf(teacherFrom(formulaNetwork, 'formula')), golden.formula);
  });

  it('gives them from a folded file too', async () => {
    const bytes = writeSafetensors(foldBatchNorm(formulaNetwork));
    expectGolden(await featuresOf(teacherFrom(readSafetensors(bytes, 'file').weights, 'file')), golden.formula);
  });

  it.skipIf(!existsSync(imagenet))('gives them with the ImageNet weights', async () => {
    const { weights } = readSafetensors(readFileSync(imagenet), 'imagenet');
    expectGolden(await featuresOf(teacherFrom(weights, 'imagenet')), golden.imagenet);
  });

  it('leaves out the layers that are not used', () => {
    const whole = { ...formulaNetwork, 'fc.weight': { shape: [2, 2], data: new Float32Array(4) } };
    expect(Object.keys(teacherFrom(whole, 'file')).sort()).toEqual(Object.keys(shapesOfFolded()).sort());
  });

  it('is refused when tensors are missing, by their names', () => {
    const { 'layer3.1.bn2.bias': _, ...incomplete } = formulaNetwork;
    expect(() => teacherFrom(incomplete, 'some.safetensors')).toThrow(/some\.safetensors.*layer3\.1\.bn2\.bias/);
  });

  it('is refused when a tensor has another shape, naming both', () => {
    const wide = { ...formulaNetwork, 'bn1.bias': { shape: [32], data: new Float32Array(32) } };
    expect(() => teacherFrom(wide, 'some.safetensors')).toThrow(/bn1\.bias has shape \[32\]; ResNet-18 has \[64\]/);
  });
});
