import { describe, expect, it } from 'vitest';
import { findCores } from '../../../../src/common/processor/cores.js';
import { tensorflowEnvironment } from '../../../../src/method/engine/tensorflow/addon.js';

describe("TensorFlow's environment", () => {
  const threads = (asked?: number, there?: string) =>
    tensorflowEnvironment(asked, { TF_NUM_INTRAOP_THREADS: there }).TF_NUM_INTRAOP_THREADS;

  it('always has a number of threads: what was asked for, what is set already, or one for each core', () => {
    expect(threads(3, '5')).toBe('3');
    expect(threads(undefined, '5')).toBe('5');
    expect(threads(0, '5')).toBe('5');
    for (const there of [undefined, '', '0', '-1', 'all']) expect(threads(0, there)).toBe(String(findCores().usable));
  });

  it('keeps what is set already', () => {
    expect(tensorflowEnvironment(1, {})).toMatchObject({ NVIDIA_TF32_OVERRIDE: '0' });
    expect(tensorflowEnvironment(1, { NVIDIA_TF32_OVERRIDE: '1' })).toMatchObject({ NVIDIA_TF32_OVERRIDE: '1' });
  });
});
