/**
 * Takes a step of training on TensorFlow and on onnxruntime, and prints how far they are apart. A process of its own,
 * because a library that does not fit can take its process with it.
 */
import { OnnxEngine } from '../../../method/engine/onnx/onnx-engine.js';
import { openTensorflowEngine } from '../../../method/engine/tensorflow/tensorflow-engine.js';
import { compareStep } from './compare-step.js';
import type { Verified } from './verify.js';

const tensorflow = await openTensorflowEngine();
const difference = await compareStep(new OnnxEngine(), tensorflow);
const { version, device } = tensorflow;
console.log(JSON.stringify({ version, device, difference } satisfies Verified));
