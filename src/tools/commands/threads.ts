import { Option } from 'commander';
import { MOST_THREADS } from '../../common/processor/cores.js';
import { wholeNumber } from './numbers.js';

/** `--threads`, for commands that judge or train. */
export const threadsOption = (): Option =>
  new Option('--threads <n>', 'of the processor; one for each core that it may use otherwise').argParser(
    wholeNumber(1, MOST_THREADS),
  );
