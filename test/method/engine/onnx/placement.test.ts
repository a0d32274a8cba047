import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { parseDevice } from '../../../../src/method/engine/onnx/device.js';
import { misplacement, readPlacement } from '../../../../src/method/engine/onnx/placement.js';
import { Profile } from '../../../../src/method/engine/onnx/profile.js';
import { trace } from '../../../../src/method/engine/onnx/tracer.js';
import * as tf from '../../../../src/method/tensorflow.js';

const wrong = (profile: string, device: string) => misplacement(readPlacement(profile), parseDevice(device));

/** The profile that onnxruntime writes of a convolution and its mean on the processor. */
async function realProfile(): Promise<string> {
  const filter = { shape: [3, 3, 3, 4], type: 'float32' as const, value: new Float32Array(108).fill(0.1) };
  const graph = await trace(
    ({ x, filter }) => ({ y: tf.mean(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 1)) }),
    {
      x: { shape: [1, 8, 8, 3], type: 'float32' },
      filter,
    },
  );
  const profile = new Profile();
  const session = await InferenceSession.create(graph.encode(), { executionProviders: ['cpu'], ...profile.options });
  await session.run({ x: new Tensor('float32', new Float32Array(192), [1, 8, 8, 3]) });
  session.endProfiling();
  await session.release();
  return profile.take();
}

it('is read from what onnxruntime writes', async () => {
  const profile = await realProfile();
  const operators = readPlacement(profile).get('CPUExecutionProvider');
  expect(operators?.get('Conv')).toBe(1);
  expect(operators?.get('ReduceMean')).toBe(1);
  expect(wrong(profile, 'cpu')).toBeUndefined();
  expect(wrong(profile, 'cuda')).toBe('the processor ran 1 Conv');
});

const node = (operator: string, provider: string) => ({ cat: 'Node', args: { op_name: operator, provider } });

it('may have light nodes on the processor', () => {
  const profile = [node('Conv', 'CUDAExecutionProvider'), node('Gather', 'CPUExecutionProvider'), { cat: 'Session' }];
  expect(wrong(JSON.stringify(profile), 'cuda')).toBeUndefined();
});

it('is wrong where the processor convolves in place of the device', () => {
  const profile = [
    node('Relu', 'WebGpuExecutionProvider'),
    node('Conv', 'CPUExecutionProvider'),
    node('Conv', 'CPUExecutionProvider'),
    node('MatMul', 'CPUExecutionProvider'),
  ];
  expect(wrong(JSON.stringify(profile), 'webgpu')).toBe('the processor ran 2 Conv and 1 MatMul');
});

it('may have CUDA do what TensorRT does not take', () => {
  const profile = [node('TRTKernel_graph_1', 'TensorrtExecutionProvider'), node('Conv', 'CUDAExecutionProvider')];
  expect(wrong(JSON.stringify(profile), 'tensorrt')).toBeUndefined();
  expect(wrong(JSON.stringify(profile.slice(1)), 'tensorrt')).toBe('onnxruntime ran nothing on it');
});
