import { Option } from 'commander';
import { precisionChoices } from '../bundle/precision.js';

/** `--precision`, for commands that judge. */
export const precisionOption = (): Option =>
  new Option('--precision <numbers>', 'fp32, or int8, which is faster; auto takes int8 where its scores agree')
    .choices(precisionChoices)
    .default('auto');
