import { Option } from 'commander';
import { precisionChoices } from '../../method/bundle/precision.js';

/** `--precision`, for commands that judge. */
export const precisionOption = (): Option =>
  new Option(
    '--precision <numbers>',
    'fp32, int8 (faster on a CPU) or fp16 (for GPUs); auto takes int8 where its scores agree with fp32',
  )
    .choices(precisionChoices)
    .default('auto');
