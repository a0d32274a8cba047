import { openTensorflowEngine } from '../../../../src/method/engine/tensorflow/tensorflow-engine.js';
import { missingTensorflow } from '../../../fixtures/missing-tensorflow.js';
import { holdToContract } from '../contract.js';

holdToContract('tensorflow', { open: () => openTensorflowEngine(), missing: missingTensorflow });
