import '@tensorflow/tfjs-backend-cpu';
import { EagerEngine } from '../../../../src/method/engine/tensorflow/eager-engine.js';
import { holdToContract } from '../contract.js';

holdToContract('eager, on the cpu backend of TensorFlow.js', { open: async () => new EagerEngine('cpu') });
