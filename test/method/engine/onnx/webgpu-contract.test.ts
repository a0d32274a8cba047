import { OnnxEngine } from '../../../../src/method/engine/onnx/onnx-engine.js';
import { noWebGpu, useSoftwareVulkan } from '../../../fixtures/software-vulkan.js';
import { holdToContract } from '../contract.js';

holdToContract('onnx, on WebGPU', {
  open: async () => {
    useSoftwareVulkan();
    return new OnnxEngine({ device: 'webgpu' });
  },
  missing: noWebGpu,
});
