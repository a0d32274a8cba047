/**
 * The one place that imports TensorFlow.js: its core with all gradients, and nothing that executes. The build replaces
 * this module by a single bundled file (scripts/build.js); the daemon's processes never load it.
 */
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';

export * from '@tensorflow/tfjs-core';
