import { OnnxEngine } from '../../../src/engine/onnx/onnx-engine.js';
import { holdToContract } from '../contract.js';

holdToContract('onnx, on the processor', { open: async () => new OnnxEngine() });
