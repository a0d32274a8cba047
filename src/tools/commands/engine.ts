import { Option } from 'commander';
import { type EngineName, engineNames } from '../../method/engine/engines.js';

/** `--engine`, for every command that computes. */
export const engineOption = (): Option =>
  new Option('--engine <name>', 'the engine that computes; tensorflow needs kdad-edge setup tensorflow first')
    .choices(engineNames)
    .default('onnx' satisfies EngineName);
