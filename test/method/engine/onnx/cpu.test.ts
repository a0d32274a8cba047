import { OnnxEngine } from '../../../../src/method/engine/onnx/onnx-engine.js';
import { holdToContract } from '../contract.js';

holdToContract('onnx, on the processor', { open: async () => new OnnxEngine() });
